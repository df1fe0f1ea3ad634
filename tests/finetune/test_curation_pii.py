"""Personal data and secrets: what must be found, and what only looks like it."""

from itertools import pairwise

import pytest
from curation_rows import row

from tasks.finetune.curation.pii import PersonalData, find, masked

FOUND = [
    ("e-mail", "Write to jane.miller@northgate-it.co.uk for access."),
    ("e-mail", "Contact: <bob+vpn@mail.acme-tools.de>."),
    ("e-mail", "mailto:o'neill@university.edu"),
    ("e-mail", "Ask jane.miller [at] northgate [dot] com about it."),
    ("e-mail", "The report goes to JSMITH@CORPMAIL.NET, then it is archived."),
    ("e-mail", "user_1@sub.domain.bank.fr"),
    ("phone number", "Call the desk at +44 20 7183 8750 before noon."),
    ("phone number", "His number is +49 (0)30 901820."),
    ("phone number", "Fax: +1-212-736-5000"),
    ("phone number", "Ring (212) 736-5000 and ask for Sam."),
    ("phone number", "Mobile 212-736-5000."),
    ("phone number", "It is +33 1 42 68 53 00, mornings only."),
    ("phone number", "Tel. 030 1234567"),
    ("phone number", "phone: 020 7183 8750"),
    ("phone number", "WhatsApp +919876543210"),
    ("IP address", "The client connects from 81.2.69.142 each night."),
    ("IP address", "ping 185.199.108.153"),
    ("IP address", "Its address is 2a00:1450:4009:81f::200e today."),
    ("card number", "She paid with 4539 1488 0343 6467."),
    ("card number", "5500-0055-5555-5559 was charged"),
    ("social security number", "SSN 219-09-9999 was in the ticket."),
    ("token", "export AWS_ACCESS_KEY_ID=AKIAQYLPMN5HHHFPZAM2"),
    ("token", "git clone with ghp_16C7e42F292c6912E7710c838347Ae178B4a"),
    ("token", "github_pat_11ABCDEFG0aBcDeFgHiJkL_mNoPqRsTuVwXyZ"),
    # Put together here, so that scanners of repositories do not take it for a live one.
    ("token", "Slack: xoxb-" + "263594206564-2343594206574-FGqddMF8t08v8N7Oq4i57vs1"),
    ("token", "the key sk-proj-a8f3Kd92LmQx7Tz1Wv5Bn4Rc6Yh0Jg2P"),
    ("token", "OPENAI_API_KEY=sk-a8f3Kd92LmQx7Tz1Wv5Bn4Rc6Yh0Jg2P"),
    ("token", "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"),
    ("token", "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY"),
    ("token", "glpat-9xKq2LmZ7vTn4RwPsYbD"),
    ("private key", "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA0Z3VS5JJcds3\n"),
    ("private key", "-----BEGIN OPENSSH PRIVATE KEY-----"),
    ("private key", 'key = "-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0B"'),
    ("password", "password=Sommer2024!"),
    ("password", "DB_PASSWORD: 'tr0ub4dor&3'"),
    ("password", "passwd = hunter2"),
    ("password", '"password": "kX9pQ2mZ"'),
    ("password", "The password is Winter2023! until Monday."),
    ("password", "mysql://app:Zq81mmPx@db7.prod.bank.fr/orders"),
    ("password", "api_key=9f8e7d6c5b4a39281706f5e4d3c2b1a0"),
    ("password", "Authorization: Bearer 8kq2Zt7Lp0Vx9Wm4Rb6Yd1"),
    ("password", "curl -u deploy:Gr8tW4ll https://ci.bank.fr/job"),
    ("password", "The door's passcode: 48213."),
    ("password", "mysql -u root -pS3cretPw shop"),
    ("password", "net user bob Summer2023! /add"),
    ("password", "ConvertTo-SecureString 'Br1dge!77' -AsPlainText -Force"),
    ("high-entropy string", "Use wJalrXUtnFEMI7K7MDENGbPxRfiCYzq8Kk2Lm0Qs here."),
]

NOT_FOUND = [
    # addresses for examples, of services, and what only looks like one
    "Send it to user@example.com or admin@corp.example.",
    "jane@contoso.com, bob@fabrikam.com and you@yourcompany.com",
    "git clone git@github.com:torvalds/linux.git",
    "ssh root@192.168.1.20",
    "ssh admin@server01",
    "systemctl status getty@tty1.service",
    "npm install react@18.2.0",
    "logo@2x.png",
    "@media screen and (max-width: 600px)",
    "perl -e 'print @ARGV; @list = (1, 2);'",
    "scp file backup@nas.local:/srv",
    "Look at it (at noon) and dot the i.",
    # IP addresses that name nobody, and version numbers
    "The router is 192.168.1.1, the server 10.0.0.5 and 172.16.4.2.",
    "127.0.0.1, 0.0.0.0, 255.255.255.0 and 169.254.33.18",
    "Documentation uses 192.0.2.10, 198.51.100.7 and 203.0.113.99.",
    "Set DNS to 8.8.8.8 and 1.1.1.1.",
    "Version 4.3.2.9 mends it.",
    "Upgrade to v7.5.1.2 or librsync-0.9.5.1.",
    "Old client. Clients before 11.2.0.3 lack it.",
    "Windows build 10.0.19045.3570",
    "fe80::1, ::1 and 2001:db8::8a2e:370:7334",
    "It happened at 10:15:30 and 12:00:00.",
    "Allow 205.164.136.0/24 in the firewall.",
    "MAC 00:1A:2B:3C:4D:5E",
    # numbers
    "Install KB5031356 and KB 5031356.",
    "Error 0x80070005, then 0xC000021A and -2147024891.",
    "Event ID 4625 on 2023-10-11 at 12:30:45.",
    "From 01/02/2023 to 31.12.2024, or 2019-2024",
    "Ticket INC0012345, case 1234567890, RFC 5321",
    "ISBN 978-3-16-148410-0",
    "It has 1 000 000 000 rows and 2147483647 at most.",
    '$string = "-9 55 48 -2 23 -76 4 14 -44";',
    "1700000000 seconds since 1970",
    "size 123 456 7890",
    "chmod 755 and 644, 4096 8192 16384 32768",
    "Call 1-800-642-7676, which is free.",
    "Use 555-0123 or (212) 555-0147 in examples, in Britain 020 7946 0123.",
    "The number 123-456-7890 is none.",
    "Pay with the test card 4242 4242 4242 4242.",
    "4111111111111111 and 1234 5678 9012 3456",
    "123-45-6789 stands for a social security number.",
    # hashes, identifiers, keys that are public
    "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
    "d41d8cd98f00b204e9800998ecf8427e",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "{6B29FC40-CA47-1067-B31D-00DD010662DA}",
    "123e4567-e89b-12d3-a456-426614174000",
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7Zk3Yq9Lm2Xv8Pw4Tn6Rb",
    "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8",
    "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBg9w0\n-----END CERTIFICATE-----",
    "A file that begins with -----BEGIN RSA PRIVATE KEY----- is a private key.",
    "HKEY_LOCAL_MACHINE/SOFTWARE/Microsoft/WindowsNT/CurrentVersion",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
    "Win32_PerfFormattedData_PerfOS_System and getElementsByTagNameNS2",
    "CONFIG_RTC_INTF_DEV_UIE_EMUL=y",
    # what stands for a secret, and talk of secrets
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "password=<your password>",
    "password=$GIT_TOKEN",
    "PASSWORD=${DB_PASSWORD}",
    "password = ReadLine(0);",
    "password: ********",
    "password=changeme",
    "--password=FILE",
    "password=oauth:XXXX",
    "password: if you forget it, ask the desk.",
    "Your password: enter it twice.",
    "passwd: files ldap",
    "PasswordAuthentication yes",
    "The password is case-sensitive.",
    "The password was reused**, so change it.",
    "The password is SHA-256 hashed, 8-16 characters.",
    "token = get_token()",
    "api_key=os.environ['KEY']",
    "https://user:password@proxy.example.com:8080/",
    "https://user:pass@host/ and amqp://guest:guest@localhost",
    "psk: wpa2-aes, pass: 3 of 10, hotkey: Ctrl+F1",
    "mysql -u root -p shop && net user bob /delete",
    "Restart sk-learn, or scikit-learn-intelex-optimised.",
]


@pytest.mark.parametrize(("kind", "text"), FOUND)
def test_found_and_masked(kind, text):
    assert kind in {finding.kind for finding in find(text)}
    assert f"[{kind}]" in masked(text)
    assert not find(masked(text))


@pytest.mark.parametrize("text", NOT_FOUND)
def test_what_only_looks_like_it_is_left_alone(text):
    assert [(each.kind, text[each.start : each.end]) for each in find(text)] == []
    assert masked(text) == text


def test_masking_leaves_all_other_text():
    text = "Mail jane@bank.fr, ring +44 20 7183 8750, then restart."
    assert masked(text) == "Mail [e-mail], ring [phone number], then restart."


def test_findings_do_not_overlap_and_are_in_order():
    text = "mysql://app:Zq81mmPx@db7.bank.fr and password=AKIAQYLPMN5HHHFPZAM2"
    found = find(text)
    assert found
    assert all(one.end <= two.start for one, two in pairwise(found))


@pytest.mark.parametrize("field", ["instruction", "input", "output"])
def test_the_filter_looks_at_every_text_and_does_not_repeat_the_secret(field):
    fault = PersonalData().check(row(**{field: "Please mail jane@bank.fr today."}))
    assert fault.reason == "e-mail"
    assert "jane" not in fault.value
    assert PersonalData().check(row()) is None
