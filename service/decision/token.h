#ifndef WAYMARK_SERVICE_DECISION_TOKEN_H_
#define WAYMARK_SERVICE_DECISION_TOKEN_H_

#include <array>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "segmentation/stable_hash.h"

namespace waymark::decision {

// What an outcome says of the action that it is an outcome of. No names and no customer id, so that it may stand in a
// link.
struct Token {
  uint64_t customer = 0;  // CustomerFingerprint
  uint64_t decision = 0;  // ContactKey of the decision and its placement
  segmentation::NameId action{};
  segmentation::NameId channel{};
  bool count_on_impression = false;  // it is counted, and checked again, when it is shown
  bool holds = false;                // until then the decision holds units of budgets for it

  friend bool operator==(const Token&, const Token&) = default;
};

// The key that signs tokens. Immutable.
class TokenKey {
 public:
  // 128 bits of the secret's BLAKE2b.
  explicit TokenKey(absl::string_view secret);

  // 80 bits of the payload's SipHash-2-4-128 (Aumasson and Bernstein 2012), a MAC that is made for messages as short as
  // these: it takes 25 ns, a twentieth of the time of OpenSSL's HMAC-SHA256.
  std::string Sign(absl::string_view payload) const;

 private:
  std::array<unsigned char, 16> key_;
};

// Whom a token is for.
uint64_t CustomerFingerprint(absl::string_view tenant, absl::string_view customer);

// Whether the token is this customer's, or was given to a visitor who was anonymous.
bool IsTokenOf(const Token& token, absl::string_view tenant, absl::string_view customer);

// What stands for a customer where the id is not to be told: 20 hexadecimal digits (80 bits of a MAC, so of a billion
// customers two share theirs with a probability of 4 in 10 million). The same for the same key.
std::string PseudonymOf(absl::string_view tenant, absl::string_view customer, const TokenKey& key);

// 48 URL-safe characters: the token and its signature.
std::string EncodeToken(const Token& token, const TokenKey& key);

// nullopt where the text is not a token that this key signed. Compares in constant time.
absl::optional<Token> DecodeToken(absl::string_view text, const TokenKey& key);

}  // namespace waymark::decision

#endif  // WAYMARK_SERVICE_DECISION_TOKEN_H_
