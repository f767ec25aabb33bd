#include "service/decision/token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <cstdlib>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace waymark::decision {
namespace {

constexpr char kFormat = 1;
constexpr size_t kPayloadBytes = 26;
constexpr size_t kMacBytes = 10;

void Append(uint64_t value, size_t bytes, std::string* out) {
  for (size_t i = 0; i < bytes; ++i) out->push_back(static_cast<char>(value >> (8 * i)));
}

uint64_t Read(absl::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

}  // namespace

struct TokenKey::Prepared {
  std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> context{nullptr, &EVP_MAC_CTX_free};
};

TokenKey::TokenKey(absl::string_view secret) {
  auto prepared = std::make_shared<Prepared>();
  const std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr), &EVP_MAC_free);
  prepared->context.reset(EVP_MAC_CTX_new(mac.get()));
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0), OSSL_PARAM_construct_end()};
  // An OpenSSL without HMAC-SHA256 can sign nothing.
  if (EVP_MAC_init(prepared->context.get(), reinterpret_cast<const unsigned char*>(secret.data()), secret.size(),
                   parameters) != 1) {
    std::abort();
  }
  prepared_ = std::move(prepared);
}

std::string TokenKey::Sign(absl::string_view payload) const {
  const std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> context(EVP_MAC_CTX_dup(prepared_->context.get()),
                                                                          &EVP_MAC_CTX_free);
  unsigned char digest[EVP_MAX_MD_SIZE];
  size_t length = 0;
  if (context == nullptr ||
      EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(payload.data()), payload.size()) != 1 ||
      EVP_MAC_final(context.get(), digest, &length, sizeof(digest)) != 1) {
    std::abort();
  }
  return std::string(reinterpret_cast<const char*>(digest), kMacBytes);
}

uint64_t CustomerFingerprint(absl::string_view tenant, absl::string_view customer) {
  return segmentation::StableHash(customer, segmentation::StableHash(tenant));
}

bool IsTokenOf(const Token& token, absl::string_view tenant, absl::string_view customer) {
  return token.customer == CustomerFingerprint(tenant, customer) || token.customer == CustomerFingerprint(tenant, "");
}

std::string EncodeToken(const Token& token, const TokenKey& key) {
  std::string bytes(1, kFormat);
  Append(token.customer, 8, &bytes);
  Append(token.decision, 8, &bytes);
  Append(static_cast<uint32_t>(token.action), 4, &bytes);
  Append(static_cast<uint32_t>(token.channel), 4, &bytes);
  Append(token.count_on_impression ? 1 : 0, 1, &bytes);
  absl::StrAppend(&bytes, key.Sign(bytes));
  return absl::WebSafeBase64Escape(bytes);
}

absl::optional<Token> DecodeToken(absl::string_view text, const TokenKey& key) {
  std::string bytes;
  if (!absl::WebSafeBase64Unescape(text, &bytes) || bytes.size() != kPayloadBytes + kMacBytes) return absl::nullopt;
  const absl::string_view payload = absl::string_view(bytes).substr(0, kPayloadBytes);
  const std::string mac = key.Sign(payload);
  if (CRYPTO_memcmp(mac.data(), bytes.data() + kPayloadBytes, kMacBytes) != 0 || payload[0] != kFormat)
    return absl::nullopt;
  return Token{.customer = Read(payload.substr(1, 8)),
               .decision = Read(payload.substr(9, 8)),
               .action = static_cast<segmentation::NameId>(Read(payload.substr(17, 4))),
               .channel = static_cast<segmentation::NameId>(Read(payload.substr(21, 4))),
               .count_on_impression = payload[25] != 0};
}

}  // namespace waymark::decision
