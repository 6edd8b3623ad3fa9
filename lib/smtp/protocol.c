#include "smtp/smtp.h"

char const *smtp_protocol_name(bool extended, bool lmtp, bool utf8, bool tls, bool auth) {
  /* [lmtp][utf8][tls][auth] */
  static char const names[2][2][2][2][12] = {
      {{{"ESMTP", "ESMTPA"}, {"ESMTPS", "ESMTPSA"}},
       {{"UTF8SMTP", "UTF8SMTPA"}, {"UTF8SMTPS", "UTF8SMTPSA"}}},
      {{{"LMTP", "LMTPA"}, {"LMTPS", "LMTPSA"}},
       {{"UTF8LMTP", "UTF8LMTPA"}, {"UTF8LMTPS", "UTF8LMTPSA"}}},
  };
  return extended || lmtp ? names[lmtp][utf8][tls][auth] : "SMTP";
}
