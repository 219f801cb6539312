// JSON that is signed, so that anyone with the public key can verify it without this server.
#ifndef ASSENT_SERVER_SIGNED_DOCUMENT_H_
#define ASSENT_SERVER_SIGNED_DOCUMENT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "policy/signature.h"

namespace assent::server {

// A JSON Web Signature in the flattened form. `schema` names what the payload is, and stands in the signed header.
// Source: RFC 7515 section 7.2.2, RFC 8037 section 3.1.
std::string SignDocument(absl::string_view schema, absl::string_view json, const policy::SigningKey& key);

}  // namespace assent::server

#endif  // ASSENT_SERVER_SIGNED_DOCUMENT_H_
