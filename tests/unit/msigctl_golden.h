/* name, rendering, answer, text. Made with the clock of test_msigctl_render.c. */
{"tracking", render_tracking,
 "{'zone': " MOVING ", 'did': [{'time': ^-60^, 'text': 'second', 'actor': 'a'}, {'time': ^-120^, "
 "'text': 'DNSKEY of msa.p3.example. published by all', 'actor': 'a'}], 'doing': 'waiting until "
 "the old DNSKEY RRset has left all caches', 'will': 'publish CDS for three signers', 'reasons': "
 "[" UNTIL "], 'places': [{'server': '192.0.2.1@53', 'kind': 'server', 'provider': "
 "'msa.p1.example.', 'asked': ^-38^, 'named': true, 'trouble': ''}, {'server': '192.0.2.2@53', "
 "'kind': 'parent', 'provider': '', 'asked': ^-8^, 'named': true, 'trouble': 'no answer'}]}",
 "Zone            : sign-me.example.\n"
 "State           : moving\n"
 "Serials         : owner 4, merged 11, signed 30; merge merged; content equal\n"
 "Signers         : msa.p1.example., msa.p2.example.\n"
 "Joining         : msa.p3.example.\n"
 "Process         : add-signer msa.p3.example. number 4 started 11:58:02 (1h17m\n"
 "                  ago)\n"
 "Step            : 2 of 7, dnskeys-synced, executing since 13:13:21 (2m00s ago)\n"
 "                  hold of key until 14:07:31 (in 52m10s)\n"
 "Did             : 13:13:21 DNSKEY of msa.p3.example. published by all\n"
 "                  13:14:21 second\n"
 "Doing           : waiting until the old DNSKEY RRset has left all caches\n"
 "Will            : publish CDS for three signers\n"
 "Waiting for     : the clock: dnskey: expected the old set has left all caches\n"
 "                  until 14:07:31 (in 52m10s)\n"
 "                  nothing for you to do\n"
 "Checked         : 2 servers, the longest ago 13:14:43 (38s ago), 1 in trouble\n"
 "                  192.0.2.2@53 (parent): no answer\n"},
    {"tracking, quiet", render_tracking, "{'zone': " FINE ", 'did': [], 'reasons': []}",
     "Zone            : fine.example.\n"
     "State           : in-sync\n"
     "Serials         : owner 1, merged 1, signed 1; merge merged; content equal\n"
     "Signers         : msa.p1.example., msa.p2.example.\n"
     "Process         : none\n"
     "Waiting for     : nobody; nothing for you to do\n"},
    {"tracking, turned round", render_tracking, "{'zone': " TURNED ", 'did': [], 'reasons': []}",
     "Zone            : fine.example.\n"
     "State           : moving\n"
     "Serials         : owner 1, merged 1, signed 1; merge merged; content equal\n"
     "Signers         : msa.p1.example., msa.p2.example.\n"
     "Process         : ksk-rollover msa.p1.example. number 5 started 13:13:21 (2m00s\n"
     "                  ago)\n"
     "Step            : 4 of 9, parent-ds-added, executing, turned round since\n"
     "                  13:14:21 (1m00s ago)\n"
     "Waiting for     : nobody; nothing for you to do\n"},
    {"why", render_why, "{'zone': " BROKEN ", 'reasons': [" BLOCKED ", " UNTIL "]}",
     "broken.example. blocked\n"
     "Waits for       : you: ds\n"
     "  at            : 192.0.2.1@53\n"
     "  expected      : 2 keys\n"
     "  seen          : one of no signer\n"
     "  since         : 2026-11-21 09:15:21, for 2d4h\n"
     "  next look     : 13:20:01 (in 4m40s)\n"
     "  to do         : Ask your registrar to remove DS 20817.\n"
     "Waits for       : the clock: dnskey\n"
     "  expected      : the old set has left all caches\n"
     "  since         : 13:13:21, for 2m00s\n"
     "  until         : 14:07:31 (in 52m10s)\n"
     "  to do         : nothing, it goes on by itself\n"},
    {"why, nothing", render_why, "{'zone': " FINE ", 'reasons': []}",
     "fine.example. in-sync\n"
     "It waits for nothing.\n"},
    {"overview", render_overview,
     "{'combinerd': {'ok': true}, 'agentd': {'ok': true, 'identity': 'msa.p1.example.', 'peers': "
     "{'operational': 2, 'total': 2}, 'zones': [" BROKEN ", " MOVING ", " FINE "]}, 'transportd': "
     "{'ok': true}, 'observe': {'ok': false, 'code': 3, 'error': 'observe does not run: there is "
     "no "
     "/run/msig/observe.ctl'}}",
     "msa.p1.example.  combinerd ok  agentd ok  transportd ok  observe DOWN\n"
     "  ! observe does not run: there is no /run/msig/observe.ctl\n"
     "13:15:21 UTC  peers 2 of 2 operational  zones 1 in sync, 1 moving, 1 needs you\n"
     "\n"
     "  ZONE              STATE    PROCESS        STEP                NEXT       ACTS\n"
     "! broken.example.   blocked  -                                  in 4m40s   you\n"
     "> sign-me.example.  moving   add-signer p3  2/7 dnskeys-synced  in 52m10s  clock\n"
     "  fine.example.     in-sync  -\n"
     "\n"
     "broken.example.: ds at 192.0.2.1@53: expected 2 keys, seen one of no signer\n"
     "  Ask your registrar to remove DS 20817.\n"},
    {"overview, no agentd", render_overview,
     "{'combinerd': {'ok': true, 'lab': true}, 'agentd': {'ok': false, 'code': 3, 'error': 'agentd "
     "does "
     "not run'}, 'transportd': {'ok': true}, 'observe': {'ok': true}}",
     "msig  combinerd ok  agentd DOWN  transportd ok  observe ok\n"
     "  ! LAB PROFILE: times are shorter than what is safe for a real zone\n"
     "  ! agentd does not run\n"},
    {"status", render_status,
     "{'combinerd': {'ok': true, 'version': '0.1.0', 'pid': 17, 'started': ^-7200^}, 'agentd': "
     "{'ok': "
     "true, 'version': '0.1.0', 'started': ^-60^, 'lab': true, 'database': 'rebuild'}, "
     "'transportd': "
     "{'ok': false, 'code': 1, 'error': 'transportd: no'}}",
     "combinerd: ok, version 0.1.0, pid 17, since 11:15:21 (2h00m ago)\n"
     "\n"
     "agentd: ok, version 0.1.0, since 13:14:21 (1m00s ago)\n"
     "  ! LAB PROFILE: times are shorter than what is safe for a real zone\n"
     "  ! agentd's database was lost or is older than the world: it publishes and\n"
     "    withdraws nothing until you confirm each zone with msigctl resume ZONE\n"
     "\n"
     "transportd: ERROR, transportd: no\n"},
    {"reload", render_reload,
     "{'combinerd': {'ok': true}, 'agentd': {'ok': false, 'code': 1, 'error': 'agentd: "
     "msig.conf:7: "
     "zone: no master'}, 'transportd': {'ok': true}, 'observe': {'ok': true}}",
     "combinerd: reloaded\n"
     "agentd: agentd: msig.conf:7: zone: no master\n"
     "transportd: reloaded\n"
     "observe: reloaded\n"},
    {"keys", render_keys,
     "{'zone': 'sign-me.example.', 'providers': ['msa.p1.example.', 'msa.p2.example.'], 'keys': "
     "[{'tag': 42447, 'digest': '49e28e4d12345678', 'role': 'KSK', 'owner': 'msa.p1.example.', "
     "'algorithm': 13, 'at': {'msa.p1.example.': 'sign', 'msa.p2.example.': 'pub'}, 'ds': 'yes', "
     "'since': ^-86400^}, {'tag': 99, 'digest': 'f3edb7b4', 'role': 'ZSK', 'owner': "
     "'msa.p2.example.', 'algorithm': 13, 'at': {'msa.p1.example.': 'missing', 'msa.p2.example.': "
     "'unknown'}, 'ds': 'no', 'since': 0}], 'servers': [{'provider': 'msa.p2.example.', 'server': "
     "'192.0.2.9@53', 'answered': false, 'reason': 'timed out'}, {'provider': 'msa.p1.example.', "
     "'server': '192.0.2.1@53', 'answered': true, 'reason': ''}], 'ds': [{'tag': 20817, "
     "'algorithm': "
     "13, 'digest_type': 2, 'digest': '3f10aa52', 'known': false}]}",
     "KEY             ROLE  OF  ALG  AT p1    AT p2    DS   SINCE\n"
     "42447/49e28e4d  KSK   p1  13   sign     pub      yes  2026-11-22 13:15:21\n"
     "00099/f3edb7b4  ZSK   p2  13   MISSING  unknown  -\n"
     "! 192.0.2.9@53 (msa.p2.example.): timed out\n"
     "! DS 20817 13 2 3f10aa52 at the parent: no key of a provider has this digest\n"},
    {"keys, names alike", render_keys,
     "{'providers': ['msa1.example.', 'msa2.example.'], 'keys': []}", "no key has been seen yet\n"},
    {"peers", render_peers,
     "{'peers': [{'peer': 'msa.p2.example.', 'state': 'operational', 'since': ^-3600^, 'zones': "
     "[{'zone': 'sign-me.example.', 'hello_sent': true, 'hello_heard': true, 'models': ['peer', "
     "'leader'], 'trouble': ''}, {'zone': 'b.example.', 'hello_sent': true, 'hello_heard': true, "
     "'models': ['leader'], 'trouble': ''}], "
     "'target': 'ns.msa.p2.example.', 'addresses': ['192.0.2.20@5399'], 'keys': [{'tag': 48173, "
     "'algorithm': 15}], 'heard': ^-3^, 'interval': 500, 'trouble': ''}, {'peer': "
     "'msa.p3.example.', 'state': 'known', 'since': 0, 'zones': [{'zone': 'sign-me.example.', "
     "'hello_sent': true, 'hello_heard': false, 'trouble': 'refused: not ready'}], 'addresses': "
     "[], "
     "'keys': [], 'heard': 0, 'trouble': 'KEY ns.msa.p3.example.: insecure'}]}",
     "peer: msa.p2.example.\n"
     "  state: operational since 12:15:21 (1h00m ago)\n"
     "  dns:   192.0.2.20@5399\n"
     "  keys:  48173 (algorithm 15) of ns.msa.p2.example.\n"
     "  zone:  sign-me.example.\n"
     "  zone:  b.example., with a leader (sync-model)\n"
     "  heard: 13:15:18 (3s ago), beats every 500 ms\n"
     "\n"
     "peer: msa.p3.example.\n"
     "  state: known\n"
     "  why:   KEY ns.msa.p3.example.: insecure\n"
     "  zone:  sign-me.example.: our HELLO was taken, its own has not come\n"
     "         refused: not ready\n"},
    {"tracking, led", render_tracking,
     "{'zone': {'zone': 'z.', 'state': 'in-sync', 'process': null, "
     "'signers': [], 'serial': {}, 'sync': {'model': 'leader', 'leader': 'msa.p2.example.', "
     "'term': 4, "
     "'election': 'settled', 'lease': ^60^}}, 'reasons': []}",
     "Zone            : z.\n"
     "State           : in-sync\n"
     "Serials         : owner 0, merged 0, signed 0; merge ; content\n"
     "Signers         : none\n"
     "Leader          : msa.p2.example., term 4, until 13:16:21 (in 1m00s)\n"
     "Process         : none\n"
     "Waiting for     : nobody; nothing for you to do\n"},
    {"tracking, no leader", render_tracking,
     "{'zone': {'zone': 'z.', 'state': 'waiting', 'process': null, "
     "'signers': [], 'serial': {}, 'sync': {'model': 'leader', 'leader': '', 'term': 4, "
     "'election': 'voting', 'lease': 0}}, 'reasons': []}",
     "Zone            : z.\n"
     "State           : waiting\n"
     "Serials         : owner 0, merged 0, signed 0; merge ; content\n"
     "Signers         : none\n"
     "Leader          : none; term 4, voting\n"
     "Process         : none\n"
     "Waiting for     : nobody; nothing for you to do\n"},
    {"why, led", render_why,
     "{'zone': {'zone': 'z.', 'state': 'in-sync', 'process': null, "
     "'sync': {'model': 'leader', 'leader': 'msa.p2.example.'}}, 'reasons': []}",
     "z. in-sync, led by msa.p2.example.\n"
     "It waits for nothing.\n"},
    {"peers, none", render_peers, "{'peers': []}",
     "no peers: no zone's HSYNC names another provider\n"},
    {"journal", render_journal,
     "{'entries': [{'seq': 1, 'time': ^-90000^, 'zone': 'z.', 'actor': 'owner', 'kind': 'step', "
     "'text': 'HSYNC names msa.p2.example.'}, {'seq': 2, 'time': ^-1^, 'actor': 'msa.p1.example.', "
     "'kind': 'alarm', 'text': 'x'}]}",
     "2026-11-22 12:15:21  step   owner            HSYNC names msa.p2.example.\n"
     "13:15:20             alarm  msa.p1.example.  x\n"},
    {"done", render_done, "{'zone': " FINE "}", "fine.example. in-sync, not paused\n"},
    {"identity check", render_identity_check,
     "{'good': false, 'checks': [{'what': 'URI', 'state': 'pass', 'text': 'secure, as used'}, "
     "{'what': 'KEY', 'state': 'fail', 'text': 'insecure'}, {'what': 'SVCB', 'state': 'unknown', "
     "'text': 'no answer'}]}",
     "PASS     URI   secure, as used\n"
     "FAIL     KEY   insecure\n"
     "UNKNOWN  SVCB  no answer\n"},
    {"hsync", render_hsync_zone,
     "{'zone': 'z.', 'status': 'set', 'error': '', 'freeze': 'two records of one identity', "
     "'serial': "
     "7, 'time': ^-5^, 'records': [{'identity': 'msa.p1.example.', 'state': 'ON', 'nsmgmt': "
     "'AGENT', "
     "'sign': 'SIGN', 'member': true, 'self': true}, {'identity': 'msa.p2.example.', 'state': "
     "'OFF', "
     "'nsmgmt': 'AGENT', 'sign': 'SIGN', 'member': false, 'self': false}]}",
     "Zone            : z.\n"
     "HSYNC           : set, serial 7, seen 13:15:16 (5s ago)\n"
     "Not followed    : two records of one identity\n"
     "  ON AGENT SIGN msa.p1.example.   (this provider) member\n"
     "  OFF AGENT SIGN msa.p2.example.  not a member\n"},
    {"merge", render_merge,
     "{'zone': 'z.', 'state': 'frozen', 'reason': 'HSYNC vanished', 'mode': 'all', 'in': "
     "{'serial': 7, "
     "'time': ^-60^, 'from': '192.0.2.1@53', 'primaries': [{'address': '192.0.2.1@53', 'ok': true, "
     "'text': ''}, {'address': '192.0.2.9@53', 'ok': false, 'text': '192.0.2.9@53: timed out'}]}, "
     "'out': {'serial': 12, 'to': '127.0.0.1@5301', 'notify': 'fetched', 'seen': ^-59^}, "
     "'overlay': "
     "[{'type': 'DNSKEY', 'origin': 'msa.p2.example.', 'applied': true, 'records': [{'text': '256 "
     "3 13 "
     "a=', 'ttl': 5, 'time': 1}, {'text': '257 3 13 b=', 'ttl': 5, 'time': 1}]}, {'type': 'NS', "
     "'origin': 'msa.p2.example.', 'applied': false, 'records': [{'text': 'ns1.p2.example.', "
     "'ttl': 5, "
     "'time': 1}]}], 'dropped': [{'type': 'CDNSKEY', 'text': 'the overlay is its authority'}], "
     "'served': [{'type': 'DNSKEY', 'ttl': 5, 'records': ['256 3 13 a=', '257 3 13 b=']}]}",
     "Zone            : z.\n"
     "State           : frozen: HSYNC vanished\n"
     "In              : serial 7 from 192.0.2.1@53, checked 13:14:21 (1m00s ago)\n"
     "                  192.0.2.1@53 ok\n"
     "                  192.0.2.9@53 192.0.2.9@53: timed out\n"
     "Out             : serial 12 to 127.0.0.1@5301: fetched 13:14:22 (59s ago)\n"
     "Overlay         : DNSKEY +2 from msa.p2.example.\n"
     "                  NS +1 from msa.p2.example., not applied\n"
     "Dropped         : CDNSKEY of the owner's zone: the overlay is its authority\n"
     "Apex            : DNSKEY 2, TTL 5\n"},
    {"merge, empty", render_merge,
     "{'zone': 'z.', 'state': 'no-zone', 'in': {'serial': 0, 'time': 0, 'from': '', 'primaries': "
     "[]}, 'out': {'serial': 0, 'to': '', 'notify': '', 'seen': 0}, 'overlay': [], 'dropped': [], "
     "'served': []}",
     "Zone            : z.\n"
     "State           : no-zone\n"
     "In              : serial 0, never transferred\n"
     "Out             : serial 0\n"
     "Overlay         : none\n"},
    {"begun", render_begun, "{'ok': true}", "begun; msigctl merge shows how it went\n"},
    {"done, no zone", render_done, "{'ok': true}", "done\n"},
    {"why, at home", render_why,
     "{'zone': " FINE ", 'reasons': [{'class': 'home', 'object': 'overlay', 'place': 'combinerd', "
     "'expected': 'what it holds', 'todo': 'start combinerd', 'since': ^-1^}, {'class': 'home', "
     "'object': 'hsync', 'place': 'signer', 'todo': 'start it', 'since': ^-1^}, {'class': 'home', "
     "'object': 'server', 'place': '192.0.2.1@53', 'todo': 'see to it', 'since': ^-1^}, {'class': "
     "'home', 'object': 'server', 'place': 'observe', 'todo': 'start transportd', 'since': ^-1^}, "
     "{'class': 'peer', 'object': 'peer', 'place': 'msa.p2.example.', 'since': ^-1^}, {'class': "
     "'ready', 'object': 'none', 'since': ^-1^}, {'class': 'parent', 'object': 'ds', 'since': "
     "^-1^}]}",
     "fine.example. in-sync\n"
     "Waits for       : combinerd: overlay\n"
     "  at            : combinerd\n"
     "  expected      : what it holds\n"
     "  since         : 13:15:20, for 1s\n"
     "  to do         : start combinerd\n"
     "Waits for       : the signer: hsync\n"
     "  at            : signer\n"
     "  since         : 13:15:20, for 1s\n"
     "  to do         : start it\n"
     "Waits for       : your server: server\n"
     "  at            : 192.0.2.1@53\n"
     "  since         : 13:15:20, for 1s\n"
     "  to do         : see to it\n"
     "Waits for       : observe: server\n"
     "  at            : observe\n"
     "  since         : 13:15:20, for 1s\n"
     "  to do         : start transportd\n"
     "Waits for       : a peer: peer\n"
     "  at            : msa.p2.example.\n"
     "  since         : 13:15:20, for 1s\n"
     "  to do         : nothing, it goes on by itself\n"
     "Waits for       : nobody: none\n"
     "  since         : 13:15:20, for 1s\n"
     "  to do         : nothing, it goes on by itself\n"
     "Waits for       : the parent: ds\n"
     "  since         : 13:15:20, for 1s\n"
     "  to do         : nothing, it goes on by itself\n"},
    {"tracking, at home", render_tracking,
     "{'zone': " FINE ", 'did': [], 'reasons': [{'class': 'home', 'object': 'overlay', 'place': "
     "'combinerd', 'todo': 'start combinerd'}]}",
     "Zone            : fine.example.\n"
     "State           : in-sync\n"
     "Serials         : owner 1, merged 1, signed 1; merge merged; content equal\n"
     "Signers         : msa.p1.example., msa.p2.example.\n"
     "Process         : none\n"
     "Waiting for     : combinerd: overlay at combinerd\n"
     "                  start combinerd\n"},
    {"tracking, a peer that something is to be done about", render_tracking,
     "{'zone': " FINE ", 'did': [], 'reasons': [{'class': 'peer', 'object': 'dnskey', 'place': "
     "'192.0.2.2@53', 'todo': 'dnskey-share: zsk'}]}",
     "Zone            : fine.example.\n"
     "State           : in-sync\n"
     "Serials         : owner 1, merged 1, signed 1; merge merged; content equal\n"
     "Signers         : msa.p1.example., msa.p2.example.\n"
     "Process         : none\n"
     "Waiting for     : a peer: dnskey at 192.0.2.2@53\n"
     "                  dnskey-share: zsk\n"},
    {"journal, empty", render_journal, "{'entries': []}", "nothing yet\n"},
    {"paused", render_done, "{'zone': {'zone': 'z.', 'state': 'paused', 'paused': true}}",
     "z. paused\n"},
    {"doctor", render_doctor,
     "{'zone': 'shop.example.', 'signer': '127.0.0.1@5301', 'designated': true, 'findings': "
     "[{'check': "
     "'transfer', 'state': 'pass', 'text': 'observe has the whole zone', 'fix': {}}, {'check': "
     "'foreign-dnskey', 'state': 'fail', 'text': '2 of the 2 DNSKEY that combinerd gave are "
     "missing, of "
     "keys 13/4711: the signer drops them', 'fix': {'knot': 'policy: dnskey-management: "
     "incremental', "
     "'powerdns': 'direct-dnskey=yes'}}, {'check': 'notify', 'state': 'warn', 'text': 'none "
     "announced', "
     "'fix': {'powerdns': 'pdnsutil set-meta ZONE ALSO-NOTIFY OBSERVE', 'msig': 'observe: "
     "listen:'}}, "
     "{'check': 'own-cds', 'state': 'unknown', 'text': 'not asked yet', 'fix': {}}], 'good': "
     "false}",
     "Zone            : shop.example.\n"
     "Signer          : 127.0.0.1@5301\n"
     "FAIL    foreign-dnskey: 2 of the 2 DNSKEY that combinerd gave are missing, of\n"
     "        keys 13/4711: the signer drops them\n"
     "          at knot: policy: dnskey-management: incremental\n"
     "          at powerdns: direct-dnskey=yes\n"
     "UNKNOWN own-cds: not asked yet\n"
     "WARN    notify: none announced\n"
     "          at powerdns: pdnsutil set-meta shop.example. ALSO-NOTIFY OBSERVE\n"
     "          at msig: observe: listen:\n"
     "PASS    transfer: observe has the whole zone\n"
     "1 passed, 1 warned, 1 failed, 1 unknown\n"
     "What others find of this provider: msigctl identity check\n"},
    {"doctor, nobody signs", render_doctor,
     "{'zone': 'z.', 'designated': true, 'findings': [{'check': 'signed', 'state': "
     "'not-applicable', "
     "'text': 'nobody signs this zone', 'fix': {}}, {'check': 'ns', 'state': 'pass', 'text': "
     "'all', "
     "'fix': {}}]}",
     "Zone            : z.\n"
     "PASS    ns: all\n"
     "N/A     signed: nobody signs this zone\n"
     "1 passed, 0 warned, 0 failed, 0 unknown\n"
     "1 not applicable\n"
     "What others find of this provider: msigctl identity check\n"},
    {"doctor, one kind of signer", render_doctor,
     "{'zone': 'z.', 'designated': false, 'kind': 'knot', 'findings': [{'check': 'notify', "
     "'state': "
     "'warn', 'text': 'none', 'fix': {'powerdns': 'x', 'knot': 'notify: observe', 'msig': 'y'}}, "
     "{'check': 'odd', 'state': 'splendid', 'text': ''}]}",
     "Zone            : z. (the owner does not name us as a signer)\n"
     "UNKNOWN odd:\n"
     "WARN    notify: none\n"
     "          at knot: notify: observe\n"
     "          at msig: y\n"
     "0 passed, 1 warned, 0 failed, 1 unknown\n"
     "What others find of this provider: msigctl identity check\n"},
