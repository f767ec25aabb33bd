#ifndef WAYMARK_SERVICE_CLI_JOURNEY_PAGE_ROAD_H_
#define WAYMARK_SERVICE_CLI_JOURNEY_PAGE_ROAD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "service/cli/journey_page_markup.h"
#include "service/cli/journey_page_view.h"

namespace waymark::cli {

// The road as a river: a block a stage, as high as its volume (stays), ribbons to the stages that came next, as thick
// as their counts, and one that falls away for those who fell back. Units are pixels; stage i has the column from i *
// column_width on, its block in the middle. Across, a picture may be stretched: nothing in it rests on x being as wide
// as y.
struct Road {
  struct Block {
    double x = 0, top = 0, height = 0;
    int64_t stays = 0;
  };
  struct Ribbon {
    int from = 0, to = 0;
    int64_t count = 0;
    std::string path;
  };
  struct Drop {
    int from = 0;
    int64_t count = 0;
    std::string path;
  };
  std::vector<Block> blocks;    // one a stage
  std::vector<Ribbon> ribbons;  // forward moves, the thickest first
  std::vector<Drop> drops;
  double column_width = 0;
  double middle = 0;     // y of the road
  double drop_lane = 0;  // y at which drops end
  double height = 0;
};
Road LayRoad(const MapView& view, double column_width);

// The line of emotions over the stages, from -1 at the bottom to 1 at the top.
struct EmotionCurve {
  struct Point {
    double x = 0, y = 0;
    int stage = 0;
    const v1::Emotion* emotion = nullptr;
  };
  std::vector<Point> points;  // of the stages whose emotion is known
  std::string line;           // between neighbours
  std::string gaps;           // over stages that say nothing
  std::string interval;       // the area of the confidence intervals
  double zero = 0;            // y of 0
  double height = 0;
};
EmotionCurve LayCurve(const MapView& view, double column_width);

// Their shapes, without words. Colours are classes: s0 to s4 and sn on gradients' stops, `drop`, `curve`, `gap`,
// `interval`. Ids begin with `prefix`.
void DrawRoad(const MapView& view, const Road& road, absl::string_view prefix, Markup& out);
void DrawCurve(const EmotionCurve& curve, Markup& out);

// A face of the step in a box of 24 x 24, as SVG content; nullopt: nobody, or too few, said anything.
void DrawFace(absl::optional<int> step, Markup& out);

// "0" to "4"; "n" where it is not known.
std::string StepName(const v1::MapStage& stage);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_JOURNEY_PAGE_ROAD_H_
