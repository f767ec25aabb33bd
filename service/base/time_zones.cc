#include "service/base/time_zones.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"

namespace waymark::base {
namespace {

using Zones = absl::flat_hash_map<std::string, absl::TimeZone>;

// Folders and files of the package that are no places: the same zones again, with leap seconds, and this machine's own.
bool IsPlace(const std::string& name) {
  return !absl::StartsWith(name, "posix/") && !absl::StartsWith(name, "right/") && name != "localtime" &&
         name != "posixrules";
}

std::shared_ptr<const Zones> Read() {
  auto zones = std::make_shared<Zones>();
  zones->insert({"UTC", absl::UTCTimeZone()});
  const char* set = std::getenv("TZDIR");
  const std::filesystem::path folder = set != nullptr ? set : "/usr/share/zoneinfo";
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (!at->is_regular_file(error)) continue;
    std::string name = at->path().lexically_relative(folder).string();
    absl::TimeZone zone;
    if (IsPlace(name) && absl::LoadTimeZone(name, &zone)) zones->insert({std::move(name), zone});
  }
  return zones;
}

}  // namespace

const std::shared_ptr<const Zones>& TimeZones() {
  static const auto* const zones = new std::shared_ptr<const Zones>(Read());
  return *zones;
}

}  // namespace waymark::base
