// What a person can do, and how.
#ifndef ASSENT_SERVER_DISCLOSED_RIGHTS_H_
#define ASSENT_SERVER_DISCLOSED_RIGHTS_H_

#include "assent/v1/disclosure.pb.h"
#include "server/disclosure_settings.h"

namespace assent::server {

// Sets `rights`. Each says where to turn: the preference centre, else the contact, else whoever shows the text.
// Threads: safe; pure. Cost: allocates.
void FillRights(const DisclosureSettings& settings, v1::Disclosure& disclosure);

}  // namespace assent::server

#endif  // ASSENT_SERVER_DISCLOSED_RIGHTS_H_
