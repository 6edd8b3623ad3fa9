/* Addresses against the tests of is_email (TESTDATA/addr-isemail), read in place, each a case.

   An address of the categories VALID, DNSWARN (no DNS is asked here) and RFC5321 is valid in an
   envelope; what is deprecated, or valid only in a header, and errors are not. */

#include <stdbool.h>
#include <unistd.h>

#include "../unit.h"
#include "smtp/smtp.h"

/* Prints a line for each test: its id, its category, its diagnosis, its address in hex. Control
   characters are U+2400 and more in the file. */
static char const reader[] =
    "import sys, xml.etree.ElementTree as tree\n"
    "for test in tree.parse(sys.argv[1]).getroot().iter('test'):\n"
    "    address = ''.join(chr(ord(c) - 0x2400) if 0x2400 <= ord(c) < 0x2420 else c\n"
    "                      for c in test.findtext('address') or '')\n"
    "    print(test.get('id'), test.findtext('category'), test.findtext('diagnosis'),\n"
    "          '-' + address.encode().hex())\n";

static char const *const valid_categories[] = {"ISEMAIL_VALID_CATEGORY", "ISEMAIL_DNSWARN",
                                               "ISEMAIL_RFC5321"};

/* Where we differ, and why. */
static struct {
  unsigned long id;
  bool valid;
  char const *why;
} const differences[] = {
    {39, true, "254 octets in all is a limit of no RFC 5321 part; 4.5.3.1 are minimums"},
    {40, true, "the same, with a domain of 255 octets"},
    {66, true, "[1111:2222:...] is a General-address-literal, if with a tag of no RFC"},
};

static bool is_valid(char const *address, size_t len) {
  smtp_path_t path;
  size_t consumed;
  unsigned int allow = SMTP_PATH_BARE | SMTP_PATH_UTF8_OK;
  return !smtp_path_parse(&path, address, len, allow, &consumed) && consumed == len;
}

static bool is_expected(unsigned long id, char const *category, char const **why) {
  for (size_t i = 0; i < sizeof differences / sizeof *differences; i++)
    if (differences[i].id == id) {
      *why = differences[i].why;
      return differences[i].valid;
    }
  for (size_t i = 0; i < sizeof valid_categories / sizeof *valid_categories; i++)
    if (!strcmp(category, valid_categories[i])) return true;
  return false;
}

static size_t hex_decode(char *out, char const *hex) {
  size_t len = 0;
  for (; hex[0] && hex[1]; hex += 2) {
    char const byte[] = {hex[0], hex[1], '\0'};
    out[len++] = (char)strtoul(byte, NULL, 16);
  }
  return len;
}

static void check_line(char *line) {
  char const *why = "", *id = strtok(line, " "), *category = strtok(NULL, " "),
             *diagnosis = strtok(NULL, " "), *hex = strtok(NULL, "\n");
  char address[2048], name[512];
  if (!hex || strlen(hex) / 2 >= sizeof address) {
    CHECK("a case is a line of four words", false);
    return;
  }
  size_t len = hex_decode(address, hex + 1);
  bool expected = is_expected(strtoul(id, NULL, 10), category, &why);
  snprintf(name, sizeof name, "%s %s is %s%s%s", id, diagnosis, expected ? "valid" : "refused",
           *why ? ": " : "", why);
  if (is_valid(address, len) != expected) unit_print_bytes("address", address, len);
  CHECK_INT(name, is_valid(address, len), expected);
}

/* Lets python3 read the XML; NULL if it could not be started. */
static FILE *cases_open(char const *path) {
  setenv("READER", reader, 1);
  setenv("CASES", path, 1);
  return popen("exec python3 -c \"$READER\" \"$CASES\"", "r");
}

int main(void) {
  char path[4096], line[8192];
  char const *data = getenv("TESTDATA");
  snprintf(path, sizeof path, "%s/addr-isemail/tests.xml", data ? data : "../shared/data");
  if (access(path, R_OK)) {
    unit_skip("is_email's addresses: there is no TESTDATA/addr-isemail");
    return unit_done();
  }
  FILE *cases = cases_open(path);
  while (cases && fgets(line, sizeof line, cases)) check_line(line);
  CHECK("all cases were read", cases && !pclose(cases));
  return unit_done();
}
