#include "service/store/names.h"

#include <string>

#include "gtest/gtest.h"

namespace waymark::store {
namespace {

TEST(NamesTest, CustomerKeys) {
  const struct {
    CustomerKey key;
    bool ok;
  } cases[] = {
      {{"shop", "c1"}, true},
      {{"shop", "a/b"}, true},
      {{"shop", std::string("\0\xff", 2)}, true},
      {{std::string(64, 't'), std::string(128, 'c')}, true},
      {{"", "c1"}, false},
      {{"shop", ""}, false},
      {{"a/b", "c1"}, false},
      {{std::string(65, 't'), "c1"}, false},
      {{"shop", std::string(129, 'c')}, false},
  };
  for (const auto& it : cases) {
    const absl::Status status = CheckKey(it.key);
    EXPECT_EQ(status.ok(), it.ok) << it.key.tenant << " " << it.key.customer;
    if (!it.ok) {
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    }
  }
}

TEST(NamesTest, RecordNames) {
  const struct {
    std::string name;
    bool ok;
  } cases[] = {
      {"playbook/shop/7", true},
      {"a_b/\xff", true},
      {"a/" + std::string(254, 'x'), true},
      {"a/" + std::string(255, 'x'), false},
      {"playbook", false},
      {"/shop", false},
      {"Playbook/shop", false},
      {"play book/shop", false},
      {"", false},
  };
  for (const auto& it : cases) {
    const absl::StatusOr<RecordName> parsed = ParseRecordName(it.name);
    EXPECT_EQ(parsed.ok(), it.ok) << it.name;
    if (!it.ok) {
      EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
    }
  }
  EXPECT_EQ(ParseRecordName("playbook/shop/7")->record_class, "playbook");
  EXPECT_EQ(ParseRecordName("playbook/shop/7")->rest, "shop/7");
}

TEST(NamesTest, RecordValues) {
  EXPECT_TRUE(CheckRecordValue(std::string(kMaxRecordBytes, 'x')).ok());
  EXPECT_EQ(CheckRecordValue(std::string(kMaxRecordBytes + 1, 'x')).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace waymark::store
