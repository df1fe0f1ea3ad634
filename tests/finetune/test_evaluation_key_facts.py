"""The rules of key facts, kind by kind, with the examples at which such rules go wrong."""

import time

import pytest

from tasks.finetune.evaluation.key_facts import key_facts, missing


def of_kind(kind: str, text: str) -> list[str]:
    return [fact.key for fact in key_facts(text) if fact.kind == kind]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Look at https://www.Sqlite.org/faq.html.", ["sqlite.org/faq.html"]),
        ("Open http://192.168.1.1/ now", ["192.168.1.1"]),
        ("the gateway 10.0.0.1 and the net 10.0.0.0/8", ["10.0.0.1", "10.0.0.0/8"]),
        ("mask 255.255.255.0.", ["255.255.255.0"]),
        ("the MAC address 00-1A-2b-3C-4D-5E", ["00:1a:2b:3c:4d:5e"]),
        ("listens on fe80::1 and ::1", ["fe80::1", "::1"]),
        ("call `https://api.example.com/v1`", []),
        ("bind to 0.0.0.0 means all", []),
        ("version 1.2.3 of std::vector at 10:30:45", []),
    ],
)
def test_addresses(text, expected):
    assert of_kind("address", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It ends with 0x80070005.", ["0x80070005"]),
        ("stop code 0x0000007B", ["0x7b"]),
        ("ORA-00942 and CVE-2021-44228", ["ORA-00942", "CVE-2021-44228"]),
        ("install KB5001330", ["KB5001330"]),
        ("`open` fails with ENOENT", ["ENOENT"]),
        ("the unit failed with status=203/EXEC", ["203"]),
        ("an HTTP 404 is a missing page", ["404"]),
        ("it stops with exit code 137", ["137"]),
        ("look for event ID 7031", ["7031"]),
        ("killed by signal 9", ["9"]),
        ("MSVC says LNK2019", ["LNK2019"]),
        ("ERROR: the EXAMPLE ends with EOF", []),
        ("an error in 3 of 40 files", []),
        ("use UTF-8 and the status page", []),
    ],
)
def test_codes(text, expected):
    assert of_kind("code", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Edit /etc/hosts.", ["/etc/hosts"]),
        ("look in `~/.ssh/` first", ["~/.ssh"]),
        ("run ./configure in ../src/lib", ["../src/lib", "./configure"]),
        (
            r"open C:\Windows\drivers\etc\hosts, then",
            [r"c:\windows\drivers\etc\hosts"],
        ),
        (r"`HKLM\SOFTWARE\Windows NT\Run` holds it", [r"hklm\software\windows nt\run"]),
        (r"clear %APPDATA%\Cache", [r"%appdata%\cache"]),
        (r"the share \\server\data", [r"\\server\data"]),
        ("change named.conf or php.ini, and .bashrc", ["named.conf", "php.ini", ".bashrc"]),
        ("the file src/main.py is read", ["src/main.py"]),
        ("and/or TCP/IP at 5 km/h, I/O, 24/7, n/a", []),
        ("a line of e.g. text, i.e. none. End.", []),
        ("call os.path.join(a) of the module", []),
        ("</div> and <br/> are tags", []),
        ("replace /path/to/file", []),
    ],
)
def test_paths(text, expected):
    assert sorted(of_kind("path", text)) == sorted(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("press Ctrl+Alt+Del", ["ctrl+alt+del"]),
        ("Control-C stops it", ["ctrl+c"]),
        ("Cmd + Shift + 4", ["cmd+shift+4"]),
        ("hold F8 at the start", ["f8"]),
        ("Win+R", ["win+r"]),
        ("shift the option - a control of Windows 11", []),
        ("alt-text and command-line option", []),
    ],
)
def test_keys(text, expected):
    assert of_kind("key", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("`rm -rf dir`", ["-fr"]),
        ("use --single-transaction.", ["--single-transaction"]),
        ("`grep --color=auto -i`", ["--color", "-i"]),
        ("`sfc /scannow`", ["/scannow"]),
        ("run chkdsk C: /f /r once", ["/f", "/r"]),
        ("`ls /etc`", []),
        ("a well-known - though rare -- effect, e-mail, pre- and post-", []),
        ("`tail -20 log`", []),
        ("from -5 to 5", []),
    ],
)
def test_options(text, expected):
    assert of_kind("option", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```bash\nsudo systemctl restart nginx\n```", ["systemctl restart"]),
        ("```\n$ git log --oneline | head -5   # comment by rm\n```", ["git log", "head"]),
        ("```bash\n# rm everything\nLANG=C sort file\n```", ["sort"]),
        ("```sh\nfor f in *; do mv $f old; done\n```", ["mv"]),
        (
            "```\nroot@host:~# apt update && apt upgrade\n```",
            ["apt update", "apt upgrade"],
        ),
        ("```console\nC:\\> ipconfig /all\n```", ["ipconfig"]),
        ("Type `journalctl -u ssh`, not `ls`.", ["journalctl", "ls"]),
        ("`mytool --fix` repairs it", ["mytool"]),
        ("Run Restart-Service, over Wi-Fi, Read-Only", ["Restart-Service"]),
        ("The usual way is to use git revert here.", ["git revert"]),
        ("undo it by git and hope", ["git"]),
        ("use find and make more time to kill", []),
        ("```python\nvalue = compute(rows)\nprint value\n```", []),
        ("```\nThe output is here\n```", []),
        ("`sudo -u postgres psql`", []),  # whose value psql is cannot be told
        ("```bash\necho 'a | rm b'\n```", ["echo"]),
    ],
)
def test_commands(text, expected):
    assert of_kind("command", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wait 30 seconds", ["30 s"]),
        ("a 30-second pause", ["30 s"]),
        ("at 80 percent or 80%", ["80 %"]),
        ("1,000 rows and 1.5GB", ["1.5 GB", "1000"]),
        ("for two weeks, by one of the ones", ["2 week"]),
        ("Python 3.11 and 3.1", ["3.11", "3.1"]),
        ("version 4.5.0 on port 8080.", ["4.5.0", "8080"]),
        ("mode 0644", ["0644"]),
        ("on 2024-02-29 at 14:30", ["2024-02-29", "14:30"]),
        ("1. First\n2. Second\n10. Tenth", []),
        ("take 3 of the 4 files", []),
        ("ipv4, sha256 and x86_64", []),
        ("2.4 GHz and 5 GHz", ["2.4 GHz", "5 GHz"]),
    ],
)
def test_numbers(text, expected):
    assert of_kind("number", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("set `innodb_buffer_pool_size` higher", ["innodb_buffer_pool_size"]),
        ("ProtectHome makes it empty", ["protecthome"]),
        ("call os.getpid() or Win32::ODBC", ["os.getpid", "win32::odbc"]),
        ("The DNS servers and DHCPs", ["dns", "dhcp"]),
        ("Open Task Manager > Details", ["Task Manager", "Details"]),
        ("We like the Volume Shadow Copy Service. It is fine.", ["Volume Shadow Copy Service"]),
        ("Sentences begin large. So do these.\n- Items too\n\nAnd paragraphs.", []),
        ("THIS IS SHOUTED BY ALL", []),
        ("on Monday you may NOT do it", []),
        ("put <USERNAME> there", []),
        ("the state `inactive` means", ["inactive"]),
    ],
)
def test_names(text, expected):
    assert of_kind("name", text) == expected


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        ("`rm -rf x`", "Use rm -fr on it."),
        ("at 80 %", "at 80 percent"),
        ("change main.cf", "edit /etc/postfix/main.cf"),
        ("stop code 0x0000007B", "It says 0x7b"),
        ("`systemctl restart nginx`", "Then do a systemctl  restart of it"),
        ("port 443", "443/tcp is open"),
        ("1,000 rows", "1000 rows"),
        ("10 minutes or 10", "in 10 min"),
        ("see /etc/hosts", "`cat /etc/hosts`"),
        ("The DNS server", "dns is at fault"),
        ("an HTTP 404", "the server answers 404"),
        ("see https://sqlite.org/faq.html", "www.sqlite.org/faq.html tells it"),
        ("press Control-C", "Ctrl + C"),
        ("`inactive`", "It is inactive."),
        ("Ask the Finder for it", "Finder shows it"),
    ],
)
def test_a_fact_is_found_in_its_other_forms(reference, answer):
    facts = key_facts(reference)
    assert facts
    assert missing(facts, answer) == []


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        ("take -a", "take -A"),
        ("see /etc/hosts", "see /etc/hosts.allow"),
        ("edit /etc/postfix/main.cf", "edit main.cf"),
        ("port 443", "port 4430 or 1443"),
        ("Python 3.1", "Python 3.11"),
        ("wait 10 minutes", "wait 10 seconds"),
        ("killed by signal 9", "9. Ninth item"),
        ("use git revert", "use git to revert"),
        ("`ps`", "the steps"),
        ("in `https://a.net/x`", "https://a.net/xy"),
        ("The RAID is", "afraid of it"),
        ("stop code 0x7b", "0x7bc"),
        ("Open Mail > Message now", "the message of the mail"),
    ],
)
def test_what_only_looks_alike_is_not_the_fact(reference, answer):
    facts = key_facts(reference)
    assert facts
    assert missing(facts, answer) == facts


def test_what_the_question_states_is_no_fact_of_the_answer():
    reference = "nginx cannot bind port 80: `ss -ltnp` shows who holds it."
    facts = key_facts(reference, "Why does nginx fail to bind port 80?")
    assert [(fact.kind, fact.key) for fact in facts] == [("command", "ss"), ("option", "-lnpt")]


def test_a_fact_counts_once_and_shows_as_it_was_written():
    facts = key_facts("Set MaxClients, then `maxclients`, and rm -Rf or rm -fR.")
    assert [(fact.kind, fact.text) for fact in facts] == [("option", "-Rf"), ("name", "maxclients")]


def test_options_that_differ_in_case_are_two_facts():
    facts = key_facts("Use `git branch -d x`; to force it `git branch -D x`.")
    options = [fact.key for fact in facts if fact.kind == "option"]
    assert sorted(options) == ["-D", "-d"]
    assert [fact.key for fact in missing(facts, "Use `git branch -d x`.")] == ["-D"]


def test_the_word_of_a_command_is_no_second_fact():
    assert [fact.key for fact in key_facts("`git revert abc`: the `git` way")] == ["git revert"]


@pytest.mark.parametrize("text", ["", "\n", "Yes, it does that on purpose.", "\0" * 9, "`" * 7])
def test_a_text_without_facts_has_none(text):
    assert key_facts(text) == []


def test_every_fact_of_a_text_is_stated_by_it():
    text = (
        "Run `sudo apt-get install -y nginx` on 10.1.2.3 (port 8080), wait 5 minutes, press F5.\n"
        "\n```powershell\nGet-Service WSearch\nsfc /scannow\n```\n\n"
        r"See C:\Temp\log.txt, https://nginx.org/en/ and error 0x80070005 in Event Viewer > System."
    )
    facts = key_facts(text)
    assert {fact.kind for fact in facts} == {
        "address",
        "code",
        "path",
        "key",
        "option",
        "command",
        "number",
        "name",
    }
    assert missing(facts, text) == []
    assert missing(facts, "") == facts


@pytest.mark.parametrize(
    "piece",
    ["a_", "Ab ", "a.b", "Ctrl+", ".a", "../", "-a ", "`", "::", "1,", "\\\\", "$ sudo ", "AB "],
)
def test_a_model_that_repeats_itself_costs_no_time(piece):
    start = time.perf_counter()
    key_facts(piece * 2000)
    assert time.perf_counter() - start < 2  # hundredths of a second; minutes where it backtracks
