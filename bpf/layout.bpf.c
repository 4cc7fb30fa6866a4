// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* layout.bpf.c: carries the BTF of what is shared with TypeScript to tools/gen-layout.mjs; never loaded. */
#include "connection.h"
#include "wire.h"

struct owner _owner;
struct endpoint _endpoint;
struct cell _cell;
struct connection _connection;
struct tls_key _tls_key;
struct peer_key _peer_key;
struct peer_stats _peer_stats;
struct exchange_event _exchange_event; /* reserved in a ring only, so it is in no object's BTF */

enum limit _limit;
enum histogram _histogram;
enum role _role;
enum method _method;
enum protocol _protocol;
enum outcome _outcome;
enum counter _counter;
enum event_kind _event_kind;
enum event_flag _event_flag;
enum tls_hook _tls_hook;
struct process_event _process_event;
