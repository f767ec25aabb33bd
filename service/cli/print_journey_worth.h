#ifndef WAYMARK_SERVICE_CLI_PRINT_JOURNEY_WORTH_H_
#define WAYMARK_SERVICE_CLI_PRINT_JOURNEY_WORTH_H_

#include <string>
#include <vector>

#include "waymark/v1/journey.pb.h"

// What the road is worth, for people and for tables; each ends with a line break. Pure.
namespace waymark::cli {

// A table a journey: a line a stage, everyone first.
std::string StageValuesText(const v1::StageValues& values);

// A method of attribution as the command names it.
struct AttributionMethodName {
  const char* name;  // "time_decay"
  const v1::Credit& (v1::AttributedTo::*credit)() const;
};
const std::vector<AttributionMethodName>& AttributionMethods();

// A line a player, with the credits of these methods (indexes of AttributionMethods).
std::string AttributionText(const v1::Attribution& attribution, const std::vector<size_t>& methods);
// The same as CSV (RFC 4180): conversions and value of each method.
std::string AttributionCsv(const v1::Attribution& attribution, const std::vector<size_t>& methods);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_PRINT_JOURNEY_WORTH_H_
