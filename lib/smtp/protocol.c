#include "smtp/smtp.h"

char const *smtp_protocol_name(smtp_protocol_t protocol) {
  /* [lmtp][utf8][tls][auth] */
  static char const names[2][2][2][2][12] = {
      {{{"ESMTP", "ESMTPA"}, {"ESMTPS", "ESMTPSA"}},
       {{"UTF8SMTP", "UTF8SMTPA"}, {"UTF8SMTPS", "UTF8SMTPSA"}}},
      {{{"LMTP", "LMTPA"}, {"LMTPS", "LMTPSA"}},
       {{"UTF8LMTP", "UTF8LMTPA"}, {"UTF8LMTPS", "UTF8LMTPSA"}}},
  };
  if (!protocol.extended && !protocol.lmtp) return "SMTP";
  return names[protocol.lmtp][protocol.utf8][protocol.tls][protocol.auth];
}
