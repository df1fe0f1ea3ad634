"""Words by which commands are told from other code and from English."""

PASSED_OVER_WORDS = """
    sudo doas env nohup time exec command builtin xargs if then else elif while until do ! { (
"""
PASSED_OVER = frozenset(PASSED_OVER_WORDS.split())
GRAMMAR_WORDS = """
    for in fi done case esac function select return end
"""
GRAMMAR = frozenset(GRAMMAR_WORDS.split())
VERB_WORDS = """
    Add Clear Convert ConvertTo ConvertFrom Copy Disable Dismount Enable Enter Export Find
    Format Get Import Initialize Install Invoke Measure Mount Move New Optimize Out Register
    Remove Rename Repair Reset Resize Resolve Restart Restore Resume Save Select Set Sort Start
    Stop Suspend Sync Test Uninstall Unregister Update Wait Where Write
"""
CMDLET_VERBS = VERB_WORDS.split()
KNOWN_WORDS = """
    adb apk apt apt-get arp awk badblocks bcdedit blkid brew btrfs bundle cargo cat cd certbot
    certutil chage chattr chgrp chkdsk chkrootkit chmod choco chown chroot cmake cmp composer
    conda cp crontab cryptsetup csrutil curl cut date dd defaults defrag df diff dig dism
    diskpart diskutil dmesg dnf docker docker-compose dpkg dracut du e2fsck ethtool exiftool
    fastboot fdisk ffmpeg file find findmnt findstr firewall-cmd flatpak free fsck fuser gcc gdb
    gem getent getfacl git go gpg gpupdate grep groupadd grub-install gunzip gzip halt hdparm
    helm host hostname hostnamectl htop icacls id ifconfig initctl insmod iostat iotop ip
    ipconfig iptables iw iwconfig java journalctl kill killall kubectl launchctl ldd less ln
    locale localectl locate loginctl logrotate lpadmin lpq lpr lpstat ls lsattr lsblk lsmod lsof
    lspci lsusb lvcreate lvextend lvremove mailq make man mdadm mkdir mkfs modprobe more mount
    mtr mv mysql mysqladmin mysqlcheck mysqldump namei nano nc net netplan netsh netstat newgrp
    nft nginx nice nmap nmcli node npm npx nslookup nvidia-smi nvram openssl pacman parted
    passwd perl pg_ctl pg_dump pg_restore pgrep pidof ping pip pip3 pkill plutil pmset podman
    port postconf postqueue postsuper powercfg ps psql pvcreate pwd pytest python python3 rclone
    readlink reboot redis-cli reg renice resize2fs resolvectl restic restorecon rm rmmod
    robocopy route rpm rsync ruby sc scp screen scutil sed semanage service setenforce setfacl
    setsebool sfc sftp sha256sum shred shutdown slmgr smartctl smbclient snap softwareupdate
    sort sqlite3 ss ssh ssh-add ssh-copy-id ssh-keygen strace su swapoff swapon sysctl systemctl
    systemd-analyze tail tar taskkill tasklist tcpdump tee telnet terraform testparm timedatectl
    timeshift tmutil tmux top touch tr tracepath traceroute tracert trap tune2fs udevadm ufw
    ulimit umount uname uniq unzip updatedb uptime useradd usermod vacuumdb vgextend vi vim
    virsh visudo vmstat vssadmin w32tm watch wc wevtutil wget which who whoami winget winmgmt
    wmic wpa_cli wsl xcode-select xcopy xcrun xfs_growfs xfs_repair xxd yarn yum zcat zfs zip
    zpool zypper
"""
KNOWN = frozenset(KNOWN_WORDS.split())
WITH_SUB_COMMAND_WORDS = """
    adb apt apt-get brew btrfs bundle cargo certbot choco composer conda cryptsetup diskutil
    dism dnf docker docker-compose fastboot flatpak gem git go helm ip kubectl launchctl
    loginctl lvm mdadm net netplan netsh nmcli npm openssl pip pip3 pnputil podman port powercfg
    rclone reg resolvectl restic sc semanage snap systemctl systemd-analyze terraform
    timedatectl tmutil ufw virsh vssadmin wevtutil winget xcrun yarn yum zfs zpool zypper
"""
WITH_SUB_COMMAND = frozenset(WITH_SUB_COMMAND_WORDS.split())
ENGLISH_WORDS = """
    cat cut date file find free go halt host id java less locate make man more mount net node perl
    port python python3 route ruby screen service snap sort split tail time top touch tree watch
    which who su strings sc file yes kill nice reboot shutdown trap defaults head
"""
ENGLISH = frozenset(ENGLISH_WORDS.split())
NO_SUB_COMMAND_WORDS = """
    and as at command commands for from has if in instead is it of on or so that the then to when
    which with you
"""
NO_SUB_COMMANDS = frozenset(NO_SUB_COMMAND_WORDS.split())
