// Writes the pictures of sample maps, for journey_page_test.py to open: for each of them NAME.json (the message), and
// NAME.LANGUAGE.html and NAME.LANGUAGE.svg.
//
//     journey_pictures FOLDER

#include <fstream>
#include <iostream>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "service/cli/journey_page.h"
#include "service/cli/print.h"
#include "service/cli/timestamps.h"
#include "tests/support/sample_journey_map.h"

namespace {

bool Write(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) std::cerr << "cannot write " << path << "\n";
  return static_cast<bool>(file);
}

bool WriteAll(const std::string& path, const waymark::v1::GetJourneyMapResponse& response) {
  using waymark::cli::Language;
  const absl::Time now = waymark::cli::FromTimestamp(response.map().as_of()) + absl::Minutes(4);
  bool written = Write(path + ".json", waymark::cli::Json(response));
  for (const auto& [name, language] :
       {std::make_pair("en", Language::kEnglish), std::make_pair("de", Language::kGerman)}) {
    written &= Write(path + "." + name + ".html", waymark::cli::JourneyPage(response, language, now));
    written &= Write(path + "." + name + ".svg", waymark::cli::JourneySvg(response, language));
  }
  return written;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: journey_pictures FOLDER\n";
    return 2;
  }
  const std::string folder = std::string(argv[1]) + "/";
  bool written = WriteAll(folder + "sample", waymark::SampleJourneyMap());
  written &= WriteAll(folder + "huge", waymark::HugeJourneyMap());
  written &= WriteAll(folder + "empty", waymark::EmptyJourneyMap());
  written &= WriteAll(folder + "hostile", waymark::HostileJourneyMap());
  return written ? 0 : 1;
}
