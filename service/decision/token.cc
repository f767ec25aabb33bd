#include "service/decision/token.h"

#include <sodium/crypto_generichash.h>
#include <sodium/crypto_shorthash.h>
#include <sodium/utils.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace waymark::decision {
namespace {

// What is signed begins with what it is.
constexpr char kFormat = 1;
constexpr char kPseudonym = 'p';
constexpr size_t kPayloadBytes = 26;
constexpr size_t kMacBytes = 10;
// The last byte's bits.
constexpr uint64_t kCountOnImpression = 1;
constexpr uint64_t kHolds = 2;

void Append(uint64_t value, size_t bytes, std::string* out) {
  for (size_t i = 0; i < bytes; ++i) out->push_back(static_cast<char>(value >> (8 * i)));
}

uint64_t Read(absl::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

}  // namespace

TokenKey::TokenKey(absl::string_view secret) {
  static_assert(sizeof(key_) == crypto_shorthash_siphashx24_KEYBYTES);
  crypto_generichash(key_.data(), key_.size(), reinterpret_cast<const unsigned char*>(secret.data()), secret.size(),
                     nullptr, 0);
}

std::string TokenKey::Sign(absl::string_view payload) const {
  unsigned char mac[crypto_shorthash_siphashx24_BYTES];
  crypto_shorthash_siphashx24(mac, reinterpret_cast<const unsigned char*>(payload.data()), payload.size(), key_.data());
  return std::string(reinterpret_cast<const char*>(mac), kMacBytes);
}

uint64_t CustomerFingerprint(absl::string_view tenant, absl::string_view customer) {
  return segmentation::StableHash(customer, segmentation::StableHash(tenant));
}

bool IsTokenOf(const Token& token, absl::string_view tenant, absl::string_view customer) {
  return token.customer == CustomerFingerprint(tenant, customer) || token.customer == CustomerFingerprint(tenant, "");
}

std::string PseudonymOf(absl::string_view tenant, absl::string_view customer, const TokenKey& key) {
  // A tenant has no NUL.
  const absl::string_view between("\0", 1);
  return absl::BytesToHexString(key.Sign(absl::StrCat(absl::string_view(&kPseudonym, 1), tenant, between, customer)));
}

std::string EncodeToken(const Token& token, const TokenKey& key) {
  std::string bytes(1, kFormat);
  Append(token.customer, 8, &bytes);
  Append(token.decision, 8, &bytes);
  Append(static_cast<uint32_t>(token.action), 4, &bytes);
  Append(static_cast<uint32_t>(token.channel), 4, &bytes);
  Append((token.count_on_impression ? kCountOnImpression : 0) | (token.holds ? kHolds : 0), 1, &bytes);
  absl::StrAppend(&bytes, key.Sign(bytes));
  return absl::WebSafeBase64Escape(bytes);
}

absl::optional<Token> DecodeToken(absl::string_view text, const TokenKey& key) {
  std::string bytes;
  if (!absl::WebSafeBase64Unescape(text, &bytes) || bytes.size() != kPayloadBytes + kMacBytes) return absl::nullopt;
  const absl::string_view payload = absl::string_view(bytes).substr(0, kPayloadBytes);
  const std::string mac = key.Sign(payload);
  if (sodium_memcmp(mac.data(), bytes.data() + kPayloadBytes, kMacBytes) != 0 || payload[0] != kFormat)
    return absl::nullopt;
  const uint64_t bits = Read(payload.substr(25, 1));
  return Token{.customer = Read(payload.substr(1, 8)),
               .decision = Read(payload.substr(9, 8)),
               .action = static_cast<segmentation::NameId>(Read(payload.substr(17, 4))),
               .channel = static_cast<segmentation::NameId>(Read(payload.substr(21, 4))),
               .count_on_impression = (bits & kCountOnImpression) != 0,
               .holds = (bits & kHolds) != 0};
}

}  // namespace waymark::decision
