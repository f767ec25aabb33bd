#include "service/base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace waymark::base {
namespace {

using Json = nlohmann::ordered_json;

std::atomic<LogFormat> log_format{LogFormat::kText};

spdlog::logger& Logger() {
  static const auto logger = [] {
    auto made = spdlog::stderr_logger_mt("waymark");
    made->set_pattern("%v");
    return made;
  }();
  return *logger;
}

std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json JsonOf(const LogField& field) {
  if (const auto* text = absl::get_if<absl::string_view>(&field.value)) return std::string(*text);
  if (const auto* whole = absl::get_if<int64_t>(&field.value)) return *whole;
  return absl::get<double>(field.value);
}

bool IsPlain(char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)) && c != '"' && c != '='; }

std::string TextOf(const LogField& field) {
  const auto* text = absl::get_if<absl::string_view>(&field.value);
  if (text != nullptr && !text->empty() && std::all_of(text->begin(), text->end(), IsPlain)) return std::string(*text);
  return Dump(JsonOf(field));
}

void Log(spdlog::level::level_enum level, absl::string_view message, LogFields fields) {
  const spdlog::string_view_t name = spdlog::level::to_string_view(level);
  Logger().log(level, FormatLogLine(log_format.load(std::memory_order_relaxed), absl::Now(),
                                    absl::string_view(name.data(), name.size()), message, fields));
}

}  // namespace

void SetLogFormat(LogFormat format) { log_format.store(format, std::memory_order_relaxed); }

std::string FormatLogLine(LogFormat format, absl::Time time, absl::string_view level, absl::string_view message,
                          LogFields fields) {
  const std::string at = absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3SZ", time, absl::UTCTimeZone());
  if (format == LogFormat::kText) {
    std::string line = absl::StrCat(at, " ", level, " ", message);
    for (const LogField& field : fields) absl::StrAppend(&line, " ", field.name, "=", TextOf(field));
    return line;
  }
  Json line = {{"time", at}, {"level", std::string(level)}, {"message", std::string(message)}};
  for (const LogField& field : fields) line[std::string(field.name)] = JsonOf(field);
  return Dump(line);
}

void LogInfo(absl::string_view message, LogFields fields) { Log(spdlog::level::info, message, fields); }
void LogWarning(absl::string_view message, LogFields fields) { Log(spdlog::level::warn, message, fields); }
void LogError(absl::string_view message, LogFields fields) { Log(spdlog::level::err, message, fields); }

}  // namespace waymark::base
