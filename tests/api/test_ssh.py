# SPDX-License-Identifier: LGPL-2.1-or-later
"""`roadtest run --launcher "ssh ..."` with a real sshd, on the loopback interface.

It is Debian's, unpacked and not installed, with keys, a port and a configuration of
its own. Started by root, sshd wants a user "sshd" and /run/sshd; both exist only in a
mount namespace of its own. An ordinary user needs none of that.
"""

import os
import pwd
import subprocess
import unittest

import ktap_main
from far import EndTests, FarTestCase, documented
from keeper import Keeper, fetch_packages, free_ports, wait_until
from test_command import needs_python
from test_shell import find_kernel

SERVER = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {dir}/host
AuthorizedKeysFile {dir}/key.pub
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
"""

CLIENT = """\
Host *
HostName 127.0.0.1
Port {port}
IdentityFile {dir}/key
IdentitiesOnly yes
UserKnownHostsFile {dir}/known
GlobalKnownHostsFile none
HostKeyAlias here
"""

# $0 is a passwd with a user "sshd", and the rest the command.
IN_NAMESPACE = """mount --bind "$0" /etc/passwd && mount -t tmpfs -o mode=755 tmpfs /run &&
mkdir /run/sshd && exec "$@" """


def in_namespace(passwd, *argv):
    """A command in a mount namespace where sshd can be run by root."""
    return "unshare", "--mount", "sh", "-c", IN_NAMESPACE, passwd, *argv


class Server:
    """sshd, and an `ssh` that goes there whatever host it is given."""

    def __init__(self):
        self.root = fetch_packages("ssh", "openssh-server", "openssh-client")
        shell = pwd.getpwuid(os.getuid()).pw_shell
        if shell.endswith(("/nologin", "/false")):
            raise unittest.SkipTest(f"this user's shell is {shell}")
        self.keeper = Keeper()
        libraries = os.path.join(self.root, "usr/lib/x86_64-linux-gnu")
        self.env = {"PATH": f"{self.keeper.dir}:{self.root}/usr/bin:{os.environ['PATH']}",
                    "LD_LIBRARY_PATH": f"{libraries}:{self.root}/lib/x86_64-linux-gnu"}

    def make_keys(self):
        """The host's, which ssh knows then, and the user's."""
        for name in "host", "key":
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                            self.keeper.path(name)], check=True, env={**os.environ, **self.env})
        with open(self.keeper.path("host.pub"), encoding="ascii") as f:
            self.keeper.write("known", "here " + f.read())

    def start(self):
        """Returns when a command can be run."""
        names = {"dir": self.keeper.dir, "port": free_ports(1)[0]}
        self.make_keys()
        self.keeper.write("config", CLIENT.format(**names))
        self.keeper.write("ssh", f'#!/bin/sh\nexec {self.root}/usr/bin/ssh '
                          f'-F {self.keeper.path("config")} "$@"\n', 0o755)
        argv = (f"{self.root}/usr/sbin/sshd", "-D", "-e", "-f",
                self.keeper.write("sshd_config", SERVER.format(**names)))
        if os.getuid() == 0:
            with open("/etc/passwd", encoding="utf-8") as f:
                users = [line for line in f if not line.startswith("sshd:")]
            passwd = self.keeper.write("passwd", "".join(users) +
                                       "sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n")
            if subprocess.run(in_namespace(passwd, "true"), capture_output=True).returncode:
                raise unittest.SkipTest("sshd as root needs a mount namespace, and "
                                        "this root may not make one")
            argv = in_namespace(passwd, *argv)
        self.keeper.start("sshd", *argv, env={**os.environ, **self.env})
        wait_until(self.answers, self.keeper.logs)

    def answers(self):
        """Can a command be run?"""
        return subprocess.run([self.keeper.path("ssh"), "-o", "BatchMode=yes", "x", "true"],
                              env={**os.environ, **self.env},
                              capture_output=True).returncode == 0


def setUpModule():
    SshTestCase.server = Server()
    unittest.addModuleCleanup(SshTestCase.server.keeper.stop)
    SshTestCase.server.start()


class SshTestCase(FarTestCase):
    launcher = "ssh -o BatchMode=yes -o ConnectTimeout=10 one"
    server = None

    def setUp(self):
        super().setUp()
        self.keeper = self.server.keeper
        self.env.update(self.server.env)


class Programs(SshTestCase):
    def test_all_pass_and_are_run_there(self):
        self.program("test-x", """echo "$PWD|$SSH_CONNECTION|$ROADTEST_X" >>seen
pass A.a; pass B.a""", ("A.a", "B.a"))
        self.env["ROADTEST_X"] = "a b'c\"$HOME"
        result = self.launch("-j2", "test-x")
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
        self.assertIn("2 passed, 0 failed", result.stdout)
        for line in self.text("seen").splitlines():
            self.assertRegex(line, r"^/[^|]*\|127\.0\.0\.1 [^|]*\|a b'c\"\$HOME$")
            self.assertEqual(line.partition("|")[0], self.dir)

    def test_a_crash_fails_its_test_and_the_rest_is_run(self):
        self.program("test-x", 'pass a; want b && { echo "# start b"; kill -SEGV $$; }; pass c')
        result = self.launch("-j1", "test-x")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("        the program died of SIGSEGV\n", result.stdout)
        self.assertIn("2 passed, 1 failed", result.stdout)

    def test_a_host_that_refuses_is_exit_2_with_sshs_words(self):
        self.program("test-x", "pass a; pass b; pass c")
        with open(self.keeper.path("config"), encoding="utf-8") as f:
            good = f.read()
        for words, old, new in (("Connection refused", "Port ", "Port 1 #"),
                                ("Permission denied (publickey", "/key\n", "/host\n"),
                                ("Host key verification failed", "Alias here", "Alias other")):
            config = good.replace(old, new)
            self.assertNotEqual(config, good)
            launcher = self.launcher.replace("ssh", f"{self.server.root}/usr/bin/ssh -F "
                                             + self.write("config", config))
            result = self.launch("-j2", "test-x", launcher=launcher)
            self.assertEqual(result.returncode, 2, result.stdout)
            self.assertIn(words, result.stdout)
            self.assertIn("0 passed", result.stdout)


class End(EndTests, SshTestCase):
    pass


@needs_python
class Suites(SshTestCase):
    def test_the_documented_launchers_run_real_suites(self):
        kernel = find_kernel("suites/iio/light", "examples")
        if kernel is None:
            self.skipTest("the cache has no kernel for suites/iio/light")
        one, several = documented("ssh")
        self.launch_suites(kernel, one.replace("HOST", "one"))
        self.env.update(ROADTEST_HOSTS="one.1 two.1", TMPDIR=self.dir)
        self.launch_suites(kernel, several)


if __name__ == "__main__":
    ktap_main.main()
