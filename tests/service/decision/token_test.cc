#include "service/decision/token.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"

namespace waymark::decision {
namespace {

const Token kToken = {.customer = CustomerFingerprint("shop", "anna"),
                      .decision = 0xfedcba9876543210u,
                      .action = segmentation::NameId{0xdeadbeef},
                      .channel = segmentation::NameId{7},
                      .count_on_impression = true,
                      .holds = true};

TEST(Token, ComesBackAsItWas) {
  const std::string text = EncodeToken(kToken, TokenKey("key"));
  EXPECT_EQ(text.size(), 48u);
  EXPECT_TRUE(
      std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isalnum(c) || c == '-' || c == '_'; }));
  EXPECT_EQ(DecodeToken(text, TokenKey("key")), kToken);
  for (const bool counts : {false, true}) {
    Token token = kToken;
    token.count_on_impression = counts;
    token.holds = !counts;
    EXPECT_EQ(DecodeToken(EncodeToken(token, TokenKey("key")), TokenKey("key")), token);
  }
}

TEST(Token, IsRefusedUnderAnotherKeyOrWithAnyCharacterChanged) {
  const std::string text = EncodeToken(kToken, TokenKey("key"));
  EXPECT_EQ(DecodeToken(text, TokenKey("other")), absl::nullopt);
  EXPECT_EQ(DecodeToken("", TokenKey("key")), absl::nullopt);
  EXPECT_EQ(DecodeToken(text.substr(1), TokenKey("key")), absl::nullopt);
  for (size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(DecodeToken(changed, TokenKey("key")), absl::nullopt) << i;
  }
}

// SipHash-2-4-128 under the BLAKE2b-128 of "Jefe", cut to 80 bits, by an implementation that gives the reference's
// vectors.
TEST(TokenKey, SignsAsTheStandardSays) {
  EXPECT_EQ(absl::BytesToHexString(TokenKey("Jefe").Sign("what do ya want for nothing?")), "21fcc6d0d5d32228f18f");
}

TEST(Pseudonym, IsOneCustomersUnderOneKey) {
  const TokenKey key("key");
  EXPECT_EQ(PseudonymOf("shop", "anna", key).size(), 20u);
  EXPECT_EQ(PseudonymOf("shop", "anna", key), PseudonymOf("shop", "anna", TokenKey("key")));
  EXPECT_NE(PseudonymOf("shop", "anna", key), PseudonymOf("shop", "anna", TokenKey("other")));
  EXPECT_NE(PseudonymOf("shop", "anna", key), PseudonymOf("shop", "ben", key));
  EXPECT_NE(PseudonymOf("a", "bc", key), PseudonymOf("ab", "c", key));
}

TEST(CustomerFingerprint, TellsTenantsApart) {
  EXPECT_NE(CustomerFingerprint("a", "bc"), CustomerFingerprint("ab", "c"));
  EXPECT_NE(CustomerFingerprint("shop", "anna"), CustomerFingerprint("shop", "ben"));
}

}  // namespace
}  // namespace waymark::decision
