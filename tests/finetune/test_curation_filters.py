"""The filters: rows that each must block, and rows that only look faulty."""

import pytest
from curation_rows import ANSWER, QUESTION, row

from tasks.finetune.curation.encoding import Encoding
from tasks.finetune.curation.exact_duplicates import ExactDuplicates
from tasks.finetune.curation.filters import make_filters
from tasks.finetune.curation.language import Language
from tasks.finetune.curation.markup import Markup
from tasks.finetune.curation.question_form import QuestionForm, asks_something
from tasks.finetune.curation.schema import Schema
from tasks.finetune.curation.settings import CurationSettings
from tasks.finetune.curation.truncated import Truncated, ends_legally
from tasks.finetune.curation.words import OutputWords, count_words

CODE = "```python\nfor name in names:\n    print(name)\n```"


def test_a_good_row_passes_every_filter():
    assert [each.check(row()) for each in make_filters(CurationSettings())] == [None] * 9


@pytest.mark.parametrize("field", ["instruction", "output"])
@pytest.mark.parametrize("text", ["", " \n\t ", "N/A", "null", "TODO", "???", "12345", "[deleted]"])
def test_schema_blocks_fields_that_say_nothing(field, text):
    assert Schema().check(row(**{field: text}))


def test_schema_allows_no_input_and_words_about_nothing():
    assert Schema().check(row(input="")) is None
    assert Schema().check(row(instruction="What does null mean?")) is None


@pytest.mark.parametrize(
    ("words", "reason"),
    [(19, "output too short"), (20, None), (500, None), (501, "output too long")],
)
def test_words_allows_both_bounds(words, reason):
    fault = OutputWords().check(row(output="word " * words))
    assert (fault.reason if fault else None) == reason


def test_words_are_what_white_space_separates():
    assert count_words("Run `apt update`\nthen\tstop.  ") == 5


ENCODING_DAMAGE = [
    ("It costs 5 \ufffd a month.", "replacement characters"),
    ("A bell \x07 rings.", "control characters"),
    ("A nul\x00 byte", "control characters"),
    ("C1 \x85 control", "control characters"),
    ("An icon \ue001 of a font", "private or broken characters"),
    ("The usersâ€™ filesâ€” itâ€™s donâ€™t", "mojibake"),
    ("Das GerÃ¤t fÃ¼r die GrÃ¶ÃŸe", "mojibake"),
    ("\u0420\u045f\u0421\u0402\u0420\u0451\u0420\u0406\u0420\u00b5\u0421\u201a " * 3, "mojibake"),
]
ENCODING_SOUND = [
    "Caf\u00e9, na\u00efve, \u00fcber, \u0141\u00f3d\u017a and \u4f60\u597d",
    "\u041f\u0440\u0438\u0432\u0435\u0442",
    "\u201cCurly\u201d quotes \u2014 and dashes \u2026",
    "Prices in \u20ac and \u00a3, 20 \u00b0C, \u00b5s, 2 \u00d7 3 \u2265 5",
    "An arrow \u2192, a tick \u2713, a family \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\u250c\u2500\u2500\u2510\n\u2502  \u2502\n\u2514\u2500\u2500\u2518",
    "a\tb\nc",
    "r\u00f4le d'\u00c9lodie \u00e0 l'\u00c9cole",
]


@pytest.mark.parametrize(("text", "reason"), ENCODING_DAMAGE)
def test_encoding_blocks_damage(text, reason):
    assert Encoding().check(row(output=text)).reason == reason


@pytest.mark.parametrize("text", ENCODING_SOUND)
def test_encoding_lets_every_language_and_sign_through(text):
    assert Encoding().check(row(output=text)) is None


CUT_OFF = [
    "Reboot the machine. It sh",
    "To list the files use the command `ls -la",
    "Send the log to the vendor (see the menu",
    "Then enter 192.168.1.1 in the brow",
    "Open the control panel, choose the network adapter and then click on the Sett",
    "Open the control panel and then click on the",
    "First restart the service, then",
    "You need three things: a cable, a switch,",
    "Run the following command:",
    "Restart the service (which may take a",
    "The value must be changed to one of",
    "To install it run:\n\n```bash\napt install nginx",
    "~~~\nping 10.0.0.1",
    "Do this:\n\n1. Stop the service.\n2. Delete the cache.\n3. Restart the",
    "Do this:\n\n- Stop the service.\n- Delete the cache.\n- Start the ser",
    "The service restarts at night. [...]",
    "The service restarts at night ... Read more",
    "It is a well-known, hard-to-find and much-feared prob-",
    "The driver is loaded at boot and it will not be replaced until you restart the compu",
]
ENDED = [
    ANSWER,
    "Is that all? Yes!",
    'He said "restart it."',
    "Restart it (this takes a minute.)",
    "Restart it (this takes a minute).",
    f"Use a loop:\n\n{CODE}",
    f"Use a loop:\n\n{CODE}\n\n",
    "Use a loop:\n\n    for x in y:\n        print(x)",
    "You need:\n\n- a cable\n- a switch\n- a free port on the router",
    "Steps:\n\n1. Stop the service\n2. Delete the cache\n3. Start the service",
    "Only one item:\n\n* the network cable that came with it",
    "| port | use |\n|---|---|\n| 22 | SSH |",
    "See also: https://example.com/a/b/",
    "For more see the manual at www.example.com/docs",
    "The command that shows them is **ipconfig /all**",
    "To list all files of the folder with their sizes and their dates use `ls -l`",
    "Press the keys in this order and wait for the menu to appear: Ctrl+Alt+Del",
    "Then set the environment variable in the shell that starts it to PATH=/usr/local/bin",
    "Default: 5 seconds",
    "See the section on `tokens' below: item 4.14",
    "It works :-)",
    "To be or not to be, that is the question. --William Shakespeare",
    "Wait and see…",
    "Set a mark with ma and then yank up to it with y`a (note the direction)",
    "You need a cable, a switch, etc.",
    "> The disk is full.",
    "```text\na ``` inside\n```",
]


@pytest.mark.parametrize("text", CUT_OFF)
def test_truncated_blocks_what_was_cut_off(text):
    assert Truncated().check(row(output=text))
    assert not ends_legally(text)


@pytest.mark.parametrize("text", ENDED)
def test_truncated_lets_every_legal_end_through(text):
    assert Truncated().check(row(output=text)) is None
    assert ends_legally(text)


MARKUP = [
    ("Click <b>Start</b>, then <a href='x'>here</a>.", "html"),
    ("<div class='answer'>Restart the service.</div>", "html"),
    ("First line<br>second line", "html"),
    ("Restart&nbsp;the service &amp; wait.", "html entities"),
    ("[b]Restart[/b] the service.", "bbcode"),
    ("[url=http://a.example]here[/url]", "bbcode"),
    ("{{Infobox software|name=x}} Restart.", "wiki markup"),
    ("Restart it.\n\nHome | About | FAQ | Sitemap | Contact", "page furniture"),
    ("Skip to main content\n\nRestart it.", "page furniture"),
    (
        "<p class='a'>HTML pages</p> <span style='b'>have</span> <a href='c'>tags</a> here.",
        "html",
    ),
]
NO_MARKUP = [
    "Press <Esc>, type the <file> name and <device>, then <Enter>.",
    "If a < b and b > c, then a <= c.",
    "Use `<div>` for a block and `&nbsp;` for a blank.",
    "```html\n<p class='x'>Hello &amp; welcome</p>\n```",
    "In HTML the <br> tag breaks a line, and &lt; is an entity.",
    "ls | grep foo | sort | uniq",
    "a[i] = b[j]; x[b] = 1",
    "std::vector<int> and List<String>",
    "R&D; cp a &b; wait",
    "| a | b | c | d |\n|---|---|---|---|\n| 1 | 2 | 3 | 4 |",
    "**Bold**, _italic_ and [a link](https://example.com).",
    "Mail <user@example.com> or see <https://example.com>.",
]


@pytest.mark.parametrize(("text", "reason"), MARKUP)
def test_markup_blocks_pages(text, reason):
    assert Markup().check(row(output=text)).reason == reason


@pytest.mark.parametrize("text", NO_MARKUP)
def test_markup_lets_code_and_placeholders_through(text):
    assert Markup().check(row(output=text)) is None


FOREIGN = [
    "Der Drucker druckt nicht mehr, nachdem der Treiber aktualisiert wurde. Starten Sie den Dienst "
    "neu und prüfen Sie das Kabel.",
    "Redémarrez le service puis vérifiez que le câble est bien branché à la prise du réseau.",
    "Reinicie el servicio y compruebe que el cable está bien conectado a la toma de la red.",
    "Riavviare il servizio e verificare che il cavo sia collegato bene alla presa di rete.",
    "Start de dienst opnieuw op en controleer of de kabel goed in het stopcontact zit.",
    "Перезапустите службу и проверьте, правильно ли подключён сетевой кабель к розетке.",
    "サービスを再起動して、ネットワークケーブルが正しく接続されているか確認してください。",
    "请重新启动服务,并检查网络电缆是否正确连接到插座。",
    "أعد تشغيل الخدمة وتحقق من أن كابل الشبكة موصول بشكل صحيح بالمقبس في الجدار.",
    "Restart the service.\n\nStarten Sie den Dienst neu und prüfen Sie, ob das Kabel richtig "
    "in der Netzwerkdose steckt und nicht beschädigt ist.",
]
ENGLISH = [
    ANSWER,
    "Run `sudo apt-get update && sudo apt-get upgrade -y`.",
    "```\nSELECT id, naam FROM klanten WHERE stad = 'Amsterdam';\n```",
    "sudo systemctl restart nginx",
    "nmap -sV 10.0.0.1; iptables -L -n -v; netstat -tulpn",
    "Use :set nocompatible, :set expandtab, :set shiftwidth=4 in vimrc.",
    "GPU, CPU, RAM, SSD, NVMe, PCIe, BIOS, UEFI, TPM",
    "Edit /etc/ssh/sshd_config and set PermitRootLogin no.",
    "Café del Mar in São Paulo and Zoë Müller's résumé were the names in the file that failed.",
    "Translate 'Guten Morgen' with the dictionary; it means good morning and is used until noon.",
    "Cisco IOS: enable, configure terminal, interface gigabitethernet, switchport mode access vlan",
    "Ctrl+C, Ctrl+V, Alt+Tab",
    "Go to File > Options > Trust Center > Trust Center Settings > Macro Settings > Enable macros",
    "Solution: reinstall printer drivers, reboot computer, check network cable, contact vendor",
]


@pytest.mark.parametrize("text", FOREIGN)
def test_language_blocks_other_languages(text):
    assert Language().check(row(output=text)).reason == "not English"


def test_language_blocks_a_foreign_question_with_an_english_answer():
    question = "Warum verliert mein Rechner nach dem Aufwachen immer die Verbindung zum Netzwerk?"
    assert Language().check(row(instruction=question))


@pytest.mark.parametrize("text", ENGLISH)
def test_language_lets_english_and_code_through(text):
    assert Language().check(row(output=text)) is None


ASKS = [
    QUESTION,
    "How do I reset it?",
    "How do I reset it",
    "what is dns",
    "Is there a limit on the size of a mailbox",
    "When should I restart the server",
    "Explain RAID 5 to a beginner.",
    "Please describe how DNS works.",
    "In one sentence, explain what a subnet mask is.",
    "Using PowerShell, list all stopped services.",
    "Could you summarise this ticket",
    "My printer is offline. What can I do? Thanks!",
    "Summarize the following log:\nerror 5 at boot",
    "The VPN client says error 809.",
    "Outlook keeps asking for the password",
    "Unable to map a network drive",
    "I asked Git to ignore various files, yet they are still tracked.",
    "My dm-crypt mapping suddenly stopped when upgrading.",
    "Categorize these three tickets",
    "Password expired",
    "My laptop has display problems",
    "VPN error 809 since the update",
    "I need a termcap file entry.",
    '"Access denied" when opening a shared folder',
    "Why is NOMAIL an error?/I get messages from cron!",
]
ASKS_NOTHING = [
    "System specific notes.",
    "Chapter 4: The mysteries of completion",
    "Loop-aes: General observations.",
    "Introduction",
    "DNS",
    "Known issues",
    "System specific warnings.",
    "Use cases of Kafka",
    "Name of the file",
    "Set theory basics",
    "Report: printers",
    "If your file predates 5.6.8.",
    "The history of the project",
    "Thanks for the great work!",
    "What a wonderful operating system.",
    "I like this computer very much.",
]


@pytest.mark.parametrize("text", ASKS)
def test_question_form_allows_questions_requests_and_problems(text):
    assert asks_something(text)
    assert QuestionForm().check(row(instruction=text)) is None


@pytest.mark.parametrize("text", ASKS_NOTHING)
def test_question_form_blocks_headings_and_talk(text):
    assert QuestionForm().check(row(instruction=text))


SAME = [
    ("How do I reset it?", "how do i  reset it"),
    ("What is a VLAN?", "What is a \u201cVLAN\u201d?"),
    ("Stop the service.", "STOP THE SERVICE!"),
]
DIFFERENT = [
    ("What is C?", "What is C++?"),
    ("What is C++?", "What is C#?"),
    ("How do I undo a commit?", "How do I redo a commit?"),
    ("Open port 80", "Open port 8 0"),
]


@pytest.mark.parametrize(("one", "two"), SAME)
def test_exact_duplicates_keeps_the_first_of_one_question(one, two):
    duplicates = ExactDuplicates()
    assert duplicates.check(row(row_id="a:1", instruction=one)) is None
    fault = duplicates.check(row(row_id="b:2", instruction=two, output="another answer"))
    assert fault.reason == "exact duplicate"
    assert "a:1" in fault.value


@pytest.mark.parametrize(("one", "two"), DIFFERENT)
def test_exact_duplicates_keeps_different_questions(one, two):
    duplicates = ExactDuplicates()
    assert duplicates.check(row(row_id="a:1", instruction=one)) is None
    assert duplicates.check(row(row_id="b:2", instruction=two)) is None


def test_one_request_on_two_inputs_is_two_questions():
    duplicates = ExactDuplicates()
    assert duplicates.check(row(row_id="a:1", instruction="Sum up.", input="Disk full")) is None
    assert duplicates.check(row(row_id="a:2", instruction="Sum up.", input="Disk slow")) is None
    # Where one text ends and the next begins counts, too.
    assert duplicates.check(row(row_id="a:3", instruction="Sum up. Disk", input="full")) is None
