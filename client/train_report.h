// What assentctl train says when it is done.
#ifndef ASSENT_CLIENT_TRAIN_REPORT_H_
#define ASSENT_CLIENT_TRAIN_REPORT_H_

#include <string>

#include "client/command_line.h"
#include "client/k_choice.h"
#include "client/train_input.h"
#include "client/training.h"

namespace assent::client {

// About the model at `path`.
void PrintTraining(const std::string& path, const std::string& digest, const TrainInput& input,
                   const Training& training, CommandLine& line);

// The table from which to choose the number of segments.
void PrintComparison(const KComparison& comparison, const SplitTables& split, const TrainInput& input,
                     CommandLine& line);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_TRAIN_REPORT_H_
