// The newest consent token of a process: ConsentClient puts it in, AssignmentClient takes it along.
#ifndef ASSENT_CLIENT_CONSENT_TOKEN_H_
#define ASSENT_CLIENT_CONSENT_TOKEN_H_

#include <mutex>
#include <string>

namespace assent::client {

// Remembers the token of the consent write that was acknowledged last. Tokens are opaque: of two writes that ran at the
// same time either may be remembered. A caller that must be sure of its own sets `consent_token` in the request, and
// that one is used.
// Threads: safe.
class ConsentToken {
 public:
  void Set(const std::string& token) {
    if (token.empty()) return;
    std::lock_guard<std::mutex> lock(mutex_);
    token_ = token;
  }
  std::string Get() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return token_;
  }

 private:
  mutable std::mutex mutex_;
  std::string token_;
};

}  // namespace assent::client

#endif  // ASSENT_CLIENT_CONSENT_TOKEN_H_
