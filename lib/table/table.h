/* table: looking up in a cdb whose file may be damaged. skalibs' cdb_find trusts the file's hash
 * tables and the sizes of values: a file cut short, or full of zeros, must be neither an empty
 * table nor a way out of the mapping. */
#ifndef CHAINMAIL_TABLE_H
#define CHAINMAIL_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include <skalibs/cdb.h>

/* Bytes of a cdb before its first record: the places of 256 hash tables. */
#define TABLE_HEADER_SIZE 2048

/* True if the hash tables stand behind the records, one after another, up to the file's end, as
   every maker of cdb files writes them. Ask once, when the file was mapped. */
bool table_is_whole(cdb const *map);

/* cdb_find in a whole table. 1 found, with a value inside the mapping; 0 not there; -1 with EPROTO.
 */
int table_find(cdb const *map, cdb_data *value, char const *key, size_t len);

#endif
