#include "segmentation/population.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <numeric>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace waymark::segmentation {
namespace {

const NameId kPurchase = NameIdOf("purchase");

// ---- Online Retail
// -----------------------------------------------------------------------------------------------------------

std::string OnlineRetailFile() {
  const char* given = std::getenv("WAYMARK_DATA");
  return absl::StrCat(given != nullptr ? given : WAYMARK_SOURCE_DIR "/../shared/data",
                      "/online_retail/online_retail.csv.gz");
}

// The fields of a line; texts in quotes may hold commas.
std::vector<std::string> Fields(absl::string_view line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back().push_back(c);
    }
  }
  return fields;
}

struct Invoice {
  std::string customer;
  std::string country;
  absl::Time time;
  int64_t micros = 0;
};

// Cleaned as the data's README says: customer known, not cancelled, quantity and price above 0.
std::map<std::string, Invoice> ReadInvoices(const std::string& path) {
  std::map<std::string, Invoice> invoices;
  gzFile file = gzopen(path.c_str(), "rb");
  char buffer[4096];
  gzgets(file, buffer, sizeof buffer);
  while (gzgets(file, buffer, sizeof buffer) != nullptr) {
    absl::string_view line(buffer);
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
    const std::vector<std::string> fields = Fields(line);
    if (fields.size() != 8 || fields[6].empty() || fields[0][0] == 'C') continue;
    double quantity = 0;
    double price = 0;
    if (!absl::SimpleAtod(fields[3], &quantity) || !absl::SimpleAtod(fields[5], &price) || quantity <= 0 || price <= 0)
      continue;
    Invoice& invoice = invoices[fields[0]];
    if (invoice.customer.empty()) {
      invoice.customer = fields[6];
      invoice.country = fields[7];
      EXPECT_TRUE(absl::ParseTime("%Y-%m-%d %H:%M:%S", fields[4], &invoice.time, nullptr)) << fields[4];
    }
    invoice.micros += std::llround(price * 1e6) * static_cast<int64_t>(quantity);
  }
  gzclose(file);
  return invoices;
}

TEST(OnlineRetail, IsCountedExactlyAndLooksSane) {
  const std::string path = OnlineRetailFile();
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "the data set Online Retail is not here (set WAYMARK_DATA)";
  std::map<std::string, Profile> profiles;
  for (const auto& [number, invoice] : ReadInvoices(path)) {
    Profile& profile = profiles[invoice.customer];
    profile.ledger.Add(kPurchase, invoice.time, invoice.micros);
    SetTrait(profile, NameIdOf("country"), invoice.country);
  }
  PopulationSpec spec;
  spec.purchase = kPurchase;
  spec.traits = {{NameIdOf("country"), "country", PopulationSpec::TraitType::kString}};
  const ObservationPlan plan(spec);
  const absl::Time now = absl::FromCivil(absl::CivilSecond(2011, 12, 10), absl::UTCTimeZone());
  Sampler sampler(plan, 1, now);
  for (const auto& [customer, profile] : profiles) sampler.Add(customer, profile);
  const Population population = FitPopulation(plan, sampler.Take(), nullptr, 1, 1, now);

  EXPECT_EQ(population.counts, (PopulationCounts{.customers = 4'338,
                                                 .buyers = 4'338,
                                                 .orders = 18'532,
                                                 .revenue_micros = 8'911'407'904'000,
                                                 .one_time_buyers = 1'493}));
  EXPECT_EQ(population.sample, 4'338);
  EXPECT_EQ(population.rfm.frequency, (std::vector<double>{1, 2, 3, 6}));
  EXPECT_EQ(std::accumulate(population.rfm_segments.begin(), population.rfm_segments.end(), int64_t{0}), 4'338);
  for (int64_t segment : population.rfm_segments) EXPECT_GT(segment, 20);
  ASSERT_TRUE(population.bg_nbd && population.gamma_gamma);
  // Each customer orders some 4 times in a year, so all together 10,000 to 25,000 times in the next.
  EXPECT_GT(population.lifetime_value.expected_purchases, 10'000);
  EXPECT_LT(population.lifetime_value.expected_purchases, 25'000);
  EXPECT_GT(population.lifetime_value.expected_value, 3e6);
  EXPECT_LT(population.lifetime_value.expected_value, 15e6);
  EXPECT_GT(population.lifetime_value.mean_probability_alive, 0.5);
  EXPECT_GE(population.cards.size(), 3u);
  EXPECT_GT(population.silhouette, 0.25);
  // Readings add up to the summary.
  double expected_value = 0;
  for (const auto& [customer, profile] : profiles) {
    const PopulationReader reader(population, profile, now);
    expected_value += *reader.lifetime_value();
    EXPECT_TRUE(reader.persona().has_value());
  }
  EXPECT_NEAR(expected_value / population.lifetime_value.expected_value, 1, 1e-9);
}

// ---- Small populations
// -------------------------------------------------------------------------------------------------------

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

// Customers of three kinds: keen buyers, and younger ones who bought once or never.
std::vector<std::pair<std::string, Profile>> Customers(int count, int first = 0) {
  std::vector<std::pair<std::string, Profile>> customers;
  for (int i = first; i < first + count; ++i) {
    Profile profile;
    const bool keen = i % 2 == 0;
    SetTrait(profile, NameIdOf("age"), int64_t{(keen ? 60 : 30) + i % 7});
    for (int order = 0; order < (keen ? 6 + i % 5 : i % 4 / 2); ++order) {
      profile.ledger.Add(kPurchase, kNow - absl::Hours(24 * (3 + 11 * order + i % 13 + (keen ? 0 : 150))),
                         (20 + i % 31) * int64_t{1'000'000});
    }
    customers.emplace_back(absl::StrCat("c", i), profile);
  }
  return customers;
}

PopulationSpec Spec() {
  PopulationSpec spec;
  spec.purchase = kPurchase;
  spec.traits = {{NameIdOf("age"), "age", PopulationSpec::TraitType::kInt}};
  spec.personas_min = 2;
  spec.personas_max = 5;
  return spec;
}

Population Fit(const PopulationSpec& spec, const std::vector<std::pair<std::string, Profile>>& customers,
               const Population* previous = nullptr, uint64_t seed = 1) {
  const ObservationPlan plan(spec);
  Sampler sampler(plan, seed, kNow);
  for (const auto& [id, profile] : customers) sampler.Add(id, profile);
  return FitPopulation(plan, sampler.Take(), previous, seed, 3, kNow);
}

TEST(Population, SaysWhereItIsFrom) {
  const Population first = Fit(Spec(), Customers(400));
  EXPECT_EQ(first.version, 1u);
  EXPECT_EQ(first.playbook_version, 3u);
  EXPECT_EQ(first.fitted_at, kNow);
  EXPECT_EQ(Fit(Spec(), Customers(400), &first).version, 2u);
  EXPECT_EQ(Fit(Spec(), Customers(400)), first);
}

TEST(Population, NamesStayAcrossFits) {
  const Population first = Fit(Spec(), Customers(400));
  const Population second = Fit(Spec(), Customers(500, 200), &first, 77);
  ASSERT_EQ(first.cards.size(), 3u);
  ASSERT_EQ(second.cards.size(), 3u);
  for (const auto& [id, profile] : Customers(100)) {
    EXPECT_EQ(PopulationReader(first, profile, kNow).persona(), PopulationReader(second, profile, kNow).persona());
  }
}

TEST(Population, BinsAreDeciles) {
  std::vector<std::pair<std::string, Profile>> customers(101);
  for (int i = 0; i <= 100; ++i) {
    customers[i].first = absl::StrCat("c", i);
    SetTrait(customers[i].second, NameIdOf("age"), int64_t{i});
  }
  const Population population = Fit(Spec(), customers);
  ASSERT_EQ(population.bins.size(), 1u);
  EXPECT_EQ(population.bins[0].trait, "age");
  EXPECT_THAT(population.bins[0].boundaries,
              testing::Pointwise(testing::DoubleEq(), {10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0}));
}

TEST(Population, OfNobodyKnowsNothing) {
  const Population population = Fit(Spec(), {});
  EXPECT_EQ(population.counts, PopulationCounts());
  EXPECT_FALSE(population.bg_nbd.has_value());
  EXPECT_TRUE(population.cards.empty());
  const std::vector<std::pair<std::string, Profile>> buyers = Customers(1);
  const PopulationReader reader(population, buyers[0].second, kNow);
  EXPECT_FALSE(reader.rfm().has_value());
  EXPECT_FALSE(reader.lifetime_value().has_value());
  EXPECT_FALSE(reader.probability_alive().has_value());
  EXPECT_FALSE(reader.persona().has_value());
}

TEST(PopulationReader, ReadsABuyerAndNothingOfOthers) {
  const Population population = Fit(Spec(), Customers(400));
  const std::vector<std::pair<std::string, Profile>> customers = Customers(2);
  const PopulationReader buyer(population, customers[0].second, kNow);
  ASSERT_TRUE(buyer.rfm().has_value());
  EXPECT_EQ(buyer.rfm()->recency, 5);
  EXPECT_GT(*buyer.probability_alive(), 0.5);
  EXPECT_LT(*buyer.expected_purchases(absl::Hours(24 * 7)), *buyer.expected_purchases(absl::Hours(24 * 70)));
  EXPECT_GT(*buyer.lifetime_value(), 0);
  // Time alone brings it down.
  EXPECT_LT(*PopulationReader(population, customers[0].second, kNow + absl::Hours(24 * 400)).lifetime_value(),
            *buyer.lifetime_value());

  const PopulationReader other(population, customers[1].second, kNow);
  EXPECT_FALSE(other.rfm().has_value());
  EXPECT_FALSE(other.probability_alive().has_value());
  EXPECT_FALSE(other.expected_purchases(absl::Hours(24)).has_value());
  EXPECT_FALSE(other.lifetime_value().has_value());
  EXPECT_TRUE(other.persona().has_value());
}

TEST(PopulationReader, PlainLifetimeValueNeedsNoModel) {
  PopulationSpec spec = Spec();
  spec.lifetime_value = LifetimeValueMethod::kPlain;
  const std::vector<std::pair<std::string, Profile>> customers = Customers(4);
  const Population population = Fit(spec, customers);
  EXPECT_FALSE(population.bg_nbd.has_value());
  // Six orders of 20 within a year, over three years.
  EXPECT_NEAR(*PopulationReader(population, customers[0].second, kNow).lifetime_value(), 120 * 1'095 / 365.25, 1e-9);
}

}  // namespace
}  // namespace waymark::segmentation
