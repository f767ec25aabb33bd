#ifndef WAYMARK_SERVICE_BASE_STATUS_MACROS_H_
#define WAYMARK_SERVICE_BASE_STATUS_MACROS_H_

// Returns the expression's status from the enclosing function where it is not OK.
#define WAYMARK_RETURN_IF_ERROR(expression)           \
  do {                                                \
    if (auto status_ = (expression); !status_.ok()) { \
      return status_;                                 \
    }                                                 \
  } while (false)

#endif  // WAYMARK_SERVICE_BASE_STATUS_MACROS_H_
