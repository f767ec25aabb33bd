#include "service/store/codec.h"

#include <functional>
#include <random>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "segmentation/affinity.h"
#include "service/store/profile_columns.h"
#include "service/store/sealed.h"
#include "tests/service/store/sample_profiles.h"
#include "waymark/storage/v1/profile.pb.h"

namespace waymark::store {
namespace {

using segmentation::NameId;
using segmentation::NameIdOf;
using segmentation::Profile;
using testing_support::FullProfile;
using testing_support::RandomProfile;
using testing_support::TypicalProfile;
using Columns = storage::v1::Profile;

TEST(CodecTest, GivesBackWhatItWasGiven) {
  for (const Profile& profile : {Profile(), TypicalProfile(), FullProfile()}) {
    const absl::StatusOr<Profile> decoded = Decode(Encode(profile));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, profile);
  }
}

TEST(CodecTest, GivesBackAnyProfile) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    const Profile profile = RandomProfile(seed);
    const absl::StatusOr<Profile> decoded = Decode(Encode(profile));
    ASSERT_TRUE(decoded.ok()) << decoded.status() << " seed " << seed;
    ASSERT_EQ(*decoded, profile) << "seed " << seed;
  }
}

// Whatever was there before, and also where what was there before could not be decoded.
TEST(CodecTest, DecodesInThePlaceOfAnother) {
  Profile profile;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    const Profile wanted = seed % 50 == 0 ? Profile() : RandomProfile(seed);
    std::string bytes = Encode(wanted);
    ASSERT_TRUE(Decode(bytes, profile).ok()) << "seed " << seed;
    ASSERT_EQ(profile, wanted) << "seed " << seed;
    bytes.resize(bytes.size() * 3 / 4);
    Decode(bytes, profile).IgnoreError();
  }
}

TEST(CodecTest, KnowsEveryFieldOfTheFormat) {
  const std::pair<const google::protobuf::Descriptor*, ColumnsOf> formats[] = {
      {Columns::descriptor(), ColumnsOf::kProfile}, {storage::v1::Trail::descriptor(), ColumnsOf::kTrail}};
  for (const auto& [format, message] : formats) {
    ASSERT_EQ(format->field_count(), ProfileColumns::LastField(message));
    for (int i = 0; i < format->field_count(); ++i) {
      const auto& field = *format->field(i);
      ASSERT_LE(field.number(), ProfileColumns::LastField(message));
      const bool is_bytes = field.type() == google::protobuf::FieldDescriptor::TYPE_BYTES;
      EXPECT_EQ(ProfileColumns::IsNumber(field.number(), message), !field.is_repeated() && !is_bytes) << field.name();
    }
  }
}

// What is not as Encode writes it is not read in some other way.
TEST(CodecTest, RefusesOtherEncodings) {
  const std::string bytes = Encode(TypicalProfile());
  Columns columns;
  ASSERT_TRUE(columns.ParseFromString(bytes));
  ASSERT_TRUE(Decode(columns.SerializeAsString()).ok());
  const absl::string_view format("\x08\x01", 2);
  for (const absl::string_view more : {
           format,                                            // a number twice
           absl::string_view("\x22\x00", 2),                  // a list twice
           absl::string_view("\xa0\x01\x02", 3),              // a list that is not packed
           absl::string_view("\x09\0\0\0\0\0\0\0\0", 9),      // a number of another type
           absl::string_view("\x00\x01", 2),                  // no field
           absl::string_view("\x80", 1),                      // half a tag
           absl::string_view("\xea\x02\x05", 3),              // a list cut off
           absl::string_view("\x38\xff\xff\xff\xff\xff", 6),  // a number cut off
       }) {
    EXPECT_EQ(Decode(absl::StrCat(bytes, more)).status().code(), absl::StatusCode::kDataLoss)
        << absl::BytesToHexString(more);
  }
}

TEST(CodecTest, ATypicalProfileIsSmall) { EXPECT_LT(Encode(TypicalProfile()).size(), 600u); }

TEST(CodecTest, AFullProfileFits) { EXPECT_LT(Encode(FullProfile()).size(), kMaxProfileBytes); }

// What is stored by one version must be read by the next: where this fails, the format has changed, and its number
// must, or the old one must still be read.
TEST(CodecTest, TheFormatIsPinned) {
  Profile profile;
  profile.created = absl::FromUnixMillis(1'700'000'000'000);
  profile.updated = absl::FromUnixMillis(1'700'000'001'000);
  profile.traits = {
      {NameId{1}, true}, {NameId{2}, std::string("DE")}, {NameId{3}, std::vector<std::string>{"a", "bc"}}};
  profile.consents = {{NameId{4}, true, profile.updated}};
  profile.ledger.Add(NameId{5}, profile.updated, 4'990'000);
  profile.positions = {{NameId{6}, {NameId{7}, profile.updated}, {{NameId{8}, profile.created}}}};
  profile.contacts = {{NameId{9}, NameId{10}, profile.updated, 11}};
  profile.seen = {{0x010203040506, 19'675}};
  profile.derived = {12, {NameId{13}}};
  profile.compacted = 14;
  const std::string first_version = absl::HexStringToBytes(
      "08011080a0abfef96218d00f2204050000002a01013202e6073a02d00f4201004a01015201015a020000620201016a04"
      "e607e60770904e7a06060504030201820103b6b3028a01010192010c0100000002000000030000009a0103010406a201"
      "020204b20103020102ba01054445616263c2010404000000ca010101d20102d00fda010406000000e2010101ea010808"
      "00000007000000f2010300d00ffa0108090000000a000000820201008a020101920202d00f9a02080b00000000000000"
      "a0020caa02040d000000b0020e");
  const std::string golden = absl::HexStringToBytes(
      "08011080a0abfef96218d00f2204050000002a01013202e6073a01024201004a01015201015a020000620201016a04e6"
      "07e60770904e7a06060504030201820103b6b3028a01010192010c0100000002000000030000009a0103010406a20102"
      "0204b20103020102ba01054445616263c2010404000000ca010101d20102d00fda010406000000e2010101ea01080800"
      "000007000000f2010300d00ffa0108090000000a000000820201008a020101920202d00f9a02080b00000000000000a0"
      "020caa02040d000000b0020ec802e807");
  EXPECT_EQ(absl::BytesToHexString(Encode(profile)), absl::BytesToHexString(golden));
  for (const std::string& bytes : {first_version, golden}) {
    const absl::StatusOr<Profile> decoded = Decode(bytes);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, profile);
  }
}

// What was added to the format later.
TEST(CodecTest, TheFormatOfAffinitiesIsPinned) {
  Profile profile;
  profile.created = absl::FromUnixMillis(1'700'000'000'000);
  profile.updated = profile.created;
  profile.affinities = {{NameId{1}, 655.5}, {NameId{2}, 655.875 + 1 / 65536.0}};
  const std::string golden = absl::HexStringToBytes("08011080a0abfef962ba02080100000002000000c202059bf102e60e");
  EXPECT_EQ(absl::BytesToHexString(Encode(profile)), absl::BytesToHexString(golden));
  const absl::StatusOr<Profile> decoded = Decode(golden);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, profile);
}

// Whole minutes, several events a bucket, no hours.
TEST(CodecTest, TheFormatOfALongLedgerIsPinned) {
  Profile profile;
  profile.created = absl::FromUnixMillis(1'700'000'012'345);
  profile.updated = profile.created;
  for (int day = 0; day < 12; ++day) {
    for (int event = 0; event < (day == 3 || day == 9 ? day : 1); ++event) {
      profile.ledger.Add(NameId{5}, absl::FromUnixSeconds(1'690'000'020 + day * 86'400), 1'000'000);
    }
  }
  profile.ledger.ForgetHours(profile.created);
  const std::string golden = absl::HexStringToBytes(
      "080110f2e0acfef9622204050000002a011632012c3a0393ac144203c0f70152010c5a0c150202020202020202020202"
      "6a0c02020206020202020212020270c0843dc802e0d403d202020306da02020309");
  EXPECT_EQ(absl::BytesToHexString(Encode(profile)), absl::BytesToHexString(golden));
  const absl::StatusOr<Profile> decoded = Decode(golden);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, profile);
}

TEST(CodecTest, TheFormatOfOutcomesIsPinned) {
  Profile profile;
  profile.created = absl::FromUnixMillis(1'700'000'000'000);
  profile.updated = profile.created;
  profile.outcomes = {{NameId{1}, NameId{2}, profile.created},
                      {NameId{3}, NameId{2}, absl::FromUnixMillis(1'700'000'000'500)}};
  const std::string golden =
      absl::HexStringToBytes("08011080a0abfef962e2020c010000000200000003000000ea02020002f202020101fa020300e807");
  EXPECT_EQ(absl::BytesToHexString(Encode(profile)), absl::BytesToHexString(golden));
  const absl::StatusOr<Profile> decoded = Decode(golden);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, profile);
}

TEST(CodecTest, TheFormatOfTrailsIsPinned) {
  Profile profile;
  profile.created = absl::FromUnixMillis(1'700'000'000'000);
  const absl::Time at = absl::FromUnixSeconds(1'700'000'060);
  profile.trail.touches = {
      {.at = at, .type = NameId{1}, .touchpoint = NameId{2}},
      {.at = at + absl::Seconds(90), .type = NameId{3}, .value_micros = 49'900'000, .action = NameId{4}},
      {.at = at + absl::Seconds(100), .type = NameId{1}, .touchpoint = NameId{2}, .sentiment = -50}};
  profile.trail.from = at - absl::Seconds(1);
  profile.trail.names = {{NameId{2}, "web/kiosk"}};
  profile.trail.comments = {{at + absl::Seconds(100), NameId{1}, "slow"}};
  profile.scores = {{NameId{9}, at, 8'000'000}};
  profile.positions = {{.journey = NameId{5}, .current = {NameId{6}, at}, .forgotten = {{NameId{7}, 3}}}};
  EXPECT_EQ(
      absl::BytesToHexString(Encode(profile)),
      "08011080a0abfef96218ff9fabfef962da010405000000e2010100ea010406000000f20103c0a9078203620a0478b4011410e8071a10"
      "0100000002000000030000000400000022060002000200042a030001003201013a02fc4d40904e4a01025201635a03f0990762040200"
      "00006a0380c4137204010000007a02090482010d7765622f6b696f736b736c6f778a03040900000092030480c8d0079a0303c0a907a2"
      "030101aa030407000000b2030103");
}

TEST(CodecTest, ATouchWithAValueTakesFiveBytes) {
  Profile profile;
  const size_t before = Encode(profile).size();
  for (int i = 0; i < 100; ++i) {
    profile.trail.touches.push_back({.at = absl::FromUnixSeconds(600'000 * i + i),
                                     .type = NameIdOf("purchase"),
                                     .touchpoint = NameIdOf("store/till"),
                                     .value_micros = (100 + i) * int64_t{10'000}});
  }
  EXPECT_LE(Encode(profile).size() - before, 540u);
}

TEST(CodecTest, AnAffinityTakesSevenBytes) {
  Profile profile = TypicalProfile();
  const size_t before = Encode(profile).size();
  for (uint32_t i = 0; i < 10; ++i) segmentation::AddAffinity(profile, NameId{i}, profile.updated);
  EXPECT_LE(Encode(profile).size(), before + 70);
}

struct Contradiction {
  const char* name;
  std::function<void(Columns&)> make;
};

TEST(CodecTest, RefusesWhatContradictsItself) {
  const Contradiction contradictions[] = {
      {"a later format", [](Columns& c) { c.set_format(2); }},
      {"no format", [](Columns& c) { c.clear_format(); }},
      {"a field of a later version", [](Columns& c) { c.GetReflection()->MutableUnknownFields(&c)->AddVarint(99, 1); }},
      {"series out of order", [](Columns& c) { c.mutable_series_events()->SwapElements(0, 1); }},
      {"a series twice", [](Columns& c) { c.set_series_events(1, c.series_events(0)); }},
      {"a series without a count", [](Columns& c) { c.mutable_series_counts()->RemoveLast(); }},
      {"a series without a value", [](Columns& c) { c.mutable_series_values()->RemoveLast(); }},
      {"a series without a first", [](Columns& c) { c.mutable_series_firsts()->RemoveLast(); }},
      {"a series without a last", [](Columns& c) { c.mutable_series_lasts()->RemoveLast(); }},
      {"more buckets than there are", [](Columns& c) { c.set_series_days(0, 4'000'000'000u); }},
      {"a bucket of no series", [](Columns& c) { c.set_series_days(1, c.series_days(1) - 1); }},
      {"a bucket without a count", [](Columns& c) { c.mutable_bucket_counts()->Resize(c.bucket_steps_size() - 1, 1); }},
      {"counts in both ways",
       [](Columns& c) {
         c.mutable_bucket_counts()->Resize(c.bucket_steps_size(), 1);
         c.add_bucket_multiples(0);
         c.add_bucket_multiple_counts(2);
       }},
      {"a multiple without a count", [](Columns& c) { c.add_bucket_multiples(0); }},
      {"a multiple of no bucket",
       [](Columns& c) {
         c.add_bucket_multiples(static_cast<uint32_t>(c.bucket_steps_size()));
         c.add_bucket_multiple_counts(2);
       }},
      {"a multiple twice",
       [](Columns& c) {
         c.mutable_bucket_multiples()->Resize(2, 0);
         c.mutable_bucket_multiple_counts()->Resize(2, 3);
       }},
      {"a time that is too late",
       [](Columns& c) {
         c.set_time_unit(60'000);
         c.set_series_firsts(0, int64_t{1} << 60);
       }},
      {"hours of some series alone", [](Columns& c) { c.mutable_series_hours()->Resize(1, 0); }},
      {"a bucket twice", [](Columns& c) { c.set_bucket_steps(4, 0); }},
      {"no unit", [](Columns& c) { c.clear_value_unit(); }},
      {"a value that is too large", [](Columns& c) { c.set_bucket_values(0, int64_t{1} << 62); }},
      {"a fingerprint cut off", [](Columns& c) { c.mutable_seen_fingerprints()->pop_back(); }},
      {"a run without events", [](Columns& c) { c.set_seen_day_counts(0, 0); }},
      {"a run of more events than there are", [](Columns& c) { c.set_seen_day_counts(0, 4'000'000'000u); }},
      {"an event of no day", [](Columns& c) { c.set_seen_day_counts(0, 1); }},
      {"traits out of order", [](Columns& c) { c.mutable_trait_names()->SwapElements(0, 1); }},
      {"a trait without a kind", [](Columns& c) { c.mutable_trait_kinds()->RemoveLast(); }},
      {"a trait of an unknown kind", [](Columns& c) { c.set_trait_kinds(0, static_cast<storage::v1::TraitKind>(77)); }},
      {"a trait without its number", [](Columns& c) { c.mutable_trait_ints()->RemoveLast(); }},
      {"a number of no trait", [](Columns& c) { c.add_trait_ints(1); }},
      {"a string of no trait", [](Columns& c) { c.add_trait_lengths(0); }},
      {"a string beyond the text", [](Columns& c) { c.set_trait_lengths(0, 4'000'000'000u); }},
      {"text of no string", [](Columns& c) { c.mutable_trait_text()->push_back('x'); }},
      {"consents out of order", [](Columns& c) { c.mutable_consent_purposes()->SwapElements(0, 1); }},
      {"a consent without a time", [](Columns& c) { c.mutable_consent_times()->RemoveLast(); }},
      {"positions out of order", [](Columns& c) { c.mutable_position_journeys()->SwapElements(0, 1); }},
      {"a history beyond the stages", [](Columns& c) { c.set_position_history(1, 4'000'000'000u); }},
      {"a position without a stage", [](Columns& c) { c.set_position_history(1, c.position_history(1) + 1); }},
      {"a stage of no position", [](Columns& c) { c.set_position_history(1, c.position_history(1) - 1); }},
      {"a stage without a time", [](Columns& c) { c.mutable_stage_since()->RemoveLast(); }},
      {"a contact of no name", [](Columns& c) { c.set_contact_actions(0, 1000); }},
      {"an outcome of no name", [](Columns& c) { c.set_outcome_types(0, 1000); }},
      {"an outcome without a time", [](Columns& c) { c.mutable_outcome_times()->RemoveLast(); }},
      {"an outcome without an action", [](Columns& c) { c.mutable_outcome_actions()->RemoveLast(); }},
      {"a contact without a time", [](Columns& c) { c.mutable_contact_times()->RemoveLast(); }},
      {"affinities out of order", [](Columns& c) { c.mutable_affinity_names()->SwapElements(0, 1); }},
      {"an affinity without a weight", [](Columns& c) { c.mutable_affinity_weights()->RemoveLast(); }},
      {"a weight of no affinity", [](Columns& c) { c.add_affinity_weights(1); }},
      {"a weight beyond all times", [](Columns& c) { c.set_affinity_weights(0, int64_t{1} << 60); }},
      {"segments out of order", [](Columns& c) { c.mutable_derived_segments()->SwapElements(0, 1); }},
  };
  Profile profile = TypicalProfile();
  profile.ledger.Add(NameId{1}, profile.updated, 10'000);
  profile.seen.push_back(profile.seen[0]);
  segmentation::SetConsent(profile, {NameId{1}, false, profile.updated});
  profile.contacts = {{NameId{1}, NameId{2}, profile.updated, 3}};
  profile.outcomes = {{NameId{1}, NameId{2}, profile.updated}};
  const std::string bytes = Encode(profile);
  for (const Contradiction& contradiction : contradictions) {
    Columns columns;
    ASSERT_TRUE(columns.ParseFromString(bytes));
    contradiction.make(columns);
    EXPECT_EQ(Decode(columns.SerializeAsString()).status().code(), absl::StatusCode::kDataLoss) << contradiction.name;
  }
}

TEST(CodecTest, RefusesATraitBoolThatIsNeither) {
  Profile profile;
  profile.traits = {{NameId{1}, true}};
  Columns columns;
  ASSERT_TRUE(columns.ParseFromString(Encode(profile)));
  columns.set_trait_ints(0, 2);
  EXPECT_EQ(Decode(columns.SerializeAsString()).status().code(), absl::StatusCode::kDataLoss);
}

// Whatever the bytes are, Decode says either DATA_LOSS or a profile that is in order, which encodes and decodes again.
TEST(CodecTest, SurvivesAnyDamage) {
  std::mt19937_64 random(7);
  int refused = 0;
  for (uint64_t seed = 0; seed < 20'000; ++seed) {
    std::string bytes = Encode(RandomProfile(seed % 500));
    for (uint64_t edits = 1 + random() % 4; edits > 0; --edits) {
      const size_t at = random() % bytes.size();
      switch (random() % 4) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes.insert(at, 1 + random() % 9, static_cast<char>(random()));
          break;
        case 2:
          bytes.erase(at, 1 + random() % 9);
          break;
        default:
          bytes.resize(at + 1);
      }
      if (bytes.empty()) bytes = "x";
    }
    const absl::StatusOr<Profile> decoded = Decode(bytes);
    if (!decoded.ok()) {
      ASSERT_EQ(decoded.status().code(), absl::StatusCode::kDataLoss);
      ++refused;
      continue;
    }
    const absl::StatusOr<Profile> again = Decode(Encode(*decoded));
    if (again.ok()) {
      ASSERT_EQ(Encode(*again), Encode(*decoded)) << "seed " << seed;
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(CodecTest, SurvivesNoise) {
  std::mt19937_64 random(8);
  for (int i = 0; i < 20'000; ++i) {
    std::string noise(random() % 200, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    EXPECT_EQ(Decode(noise).status().code(), absl::StatusCode::kDataLoss);
  }
}

TEST(SealedTest, GivesBackRevisionAndBody) {
  for (uint64_t revision : {uint64_t{1}, uint64_t{255}, uint64_t{256}, ~uint64_t{0}}) {
    const std::string value = Seal(revision, "body");
    EXPECT_EQ(value.substr(0, kRevisionBytes), RevisionPrefix(revision));
    const absl::StatusOr<Sealed> sealed = Unseal(value);
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    EXPECT_EQ(sealed->revision, revision);
    EXPECT_EQ(sealed->body, "body");
  }
}

TEST(SealedTest, TheFormatIsPinned) {
  EXPECT_EQ(absl::BytesToHexString(Seal(0x0102030405060708, "body")), "08070605040302015c4fcd78626f6479");
  EXPECT_EQ(absl::BytesToHexString(RevisionPrefix(1)), "0100000000000000");
}

TEST(SealedTest, SeesEachChangedBit) {
  const std::string value = Seal(7, Encode(TypicalProfile()));
  for (size_t bit = 0; bit < value.size() * 8; ++bit) {
    std::string changed = value;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_EQ(Unseal(changed).status().code(), absl::StatusCode::kDataLoss) << "bit " << bit;
  }
}

TEST(SealedTest, SeesWhatIsCutOff) {
  const std::string value = Seal(7, Encode(TypicalProfile()));
  for (size_t size = 0; size < value.size(); ++size) {
    ASSERT_EQ(Unseal(absl::string_view(value).substr(0, size)).status().code(), absl::StatusCode::kDataLoss) << size;
  }
}

TEST(SealedTest, ThereIsNoRevisionZero) {
  EXPECT_EQ(Unseal(Seal(0, "body")).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(Unseal(Seal(1, "body", 7), 7).ok());
  EXPECT_EQ(Unseal(Seal(1, "body", 7), 8).status().code(), absl::StatusCode::kDataLoss) << "another owner's";
  EXPECT_EQ(RevisionOf(Seal(0, "body")).status().code(), absl::StatusCode::kDataLoss);
}

TEST(SealedTest, RefusesAProfileThatIsTooLarge) {
  Profile profile;
  segmentation::SetTrait(profile, NameId{1}, std::string(kMaxProfileBytes - 100, 'x'));
  EXPECT_TRUE(SealProfile(1, profile).ok());
  segmentation::SetTrait(profile, NameId{1}, std::string(kMaxProfileBytes, 'x'));
  EXPECT_EQ(SealProfile(1, profile).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace waymark::store
