#ifndef WAYMARK_SERVICE_STORE_POPULATION_RECORDS_H_
#define WAYMARK_SERVICE_STORE_POPULATION_RECORDS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "segmentation/population.h"

namespace waymark::store {

// The bytes at rest (waymark.storage.v1). Decode: DATA_LOSS, also for a format that is not known here.
// A head is the version of the current population.
std::string EncodePopulationHead(uint64_t version);
absl::StatusOr<uint64_t> DecodePopulationHead(absl::string_view bytes);
std::string EncodePopulation(const segmentation::Population& population);
absl::StatusOr<segmentation::Population> DecodePopulation(absl::string_view bytes);

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_POPULATION_RECORDS_H_
