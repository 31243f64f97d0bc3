# SPDX-License-Identifier: LGPL-2.1-or-later
"""`roadtest run --launcher "srun ..."` with the real Slurm, on this machine alone.

The daemons are Debian's, unpacked and not installed: slurmctld, a slurmd for one node
with two processors, and munged, which tells them who is who. They listen on the
loopback interface and have files, ports and a key of their own, so a Slurm of the
system's is not disturbed. An ordinary user may run them for himself, and nobody else.
"""

import os
import pwd
import subprocess
import unittest

import ktap_main
from far import EndTests, FarTestCase, documented
from keeper import Keeper, fetch_packages, free_ports, wait_until
from test_command import COMMAND, is_alive, needs_python
from test_shell import find_kernel

# Without cgroups and task affinity, which a container may not have.
CONFIG = """\
ClusterName=roadtest
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser={user}
SlurmdUser={user}
AuthInfo=socket={dir}/munge.socket
PluginDir={root}/usr/lib/x86_64-linux-gnu/slurm-wlm
StateSaveLocation={dir}/state
SlurmdSpoolDir={dir}/spool
SlurmctldPidFile={dir}/slurmctld.pid
SlurmdPidFile={dir}/slurmd.pid
JobCompType=jobcomp/filetxt
JobCompLoc={dir}/jobs
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=256
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,sched_min_interval=0,bf_interval=1
KillWait=2
NodeName=localhost NodeAddr=127.0.0.1 CPUs=2 RealMemory=1024
PartitionName=all Nodes=ALL Default=YES
"""


class Slurm:
    """A cluster of one machine."""

    def __init__(self):
        self.root = fetch_packages("slurm", "slurmctld", "slurmd", "slurm-client", "munge")
        self.keeper = Keeper()
        libraries = os.path.join(self.root, "usr/lib/x86_64-linux-gnu")
        self.env = {
            "PATH": f"{self.root}/usr/bin:{self.root}/usr/sbin:{os.environ['PATH']}",
            "LD_LIBRARY_PATH": f"{libraries}:{libraries}/slurm-wlm",
            "SLURM_CONF": self.keeper.path("slurm.conf"),
        }

    def start(self):
        """All daemons; returns when a job can be run."""
        for name in "state", "spool":
            os.mkdir(self.keeper.path(name))
        config = self.keeper.write("slurm.conf", CONFIG.format(
            ports=free_ports(2), user=pwd.getpwuid(os.getuid()).pw_name,
            dir=self.keeper.dir, root=self.root))
        key = self.keeper.path("munge.key")
        with open(key, "xb", opener=lambda path, flags: os.open(path, flags, 0o400)) as f:
            f.write(os.urandom(64))
        env = {**os.environ, **self.env}
        files = [f"--{name}-file={self.keeper.path('munge.' + name)}"
                 for name in ("key", "pid", "seed", "log")]
        # --force: it minds who owns the directories above, and has nothing to hide
        self.keeper.start("munged", "munged", "--foreground", "--force", *files,
                          f"--socket={self.keeper.path('munge.socket')}", env=env)
        self.wait_until(lambda: os.path.exists(self.keeper.path("munge.socket")))
        self.keeper.start("slurmctld", "slurmctld-wlm", "-D", "-c", "-f", config, env=env)
        self.keeper.start("slurmd", "slurmd-wlm", "-D", "-f", config, "-N", "localhost", "-d",
                          f"{self.root}/usr/sbin/slurmstepd-wlm", env=env)
        self.wait_until(lambda: "idle" in self.tell("sinfo", "--noheader", "-o", "%T"))

    def wait_until(self, true):
        wait_until(true, self.keeper.logs)

    def tell(self, *argv):
        """What a command of Slurm's prints."""
        return subprocess.run(argv, env={**os.environ, **self.env}, capture_output=True,
                              text=True, timeout=60).stdout

    def node(self, what):
        """Have something done with the only node."""
        self.tell("scontrol", "update", "nodename=localhost", "reason=test", what)

    def jobs(self):
        """Those that wait or run: (number, state) each."""
        return [tuple(line.split()) for line in
                self.tell("squeue", "--noheader", "-o", "%i %T").splitlines()]

    def done(self):
        """The lines of the jobs that have come to an end."""
        try:
            with open(self.keeper.path("jobs"), encoding="utf-8") as f:
                return f.read().splitlines()
        except FileNotFoundError:
            return []


def setUpModule():
    SlurmTestCase.slurm = Slurm()
    unittest.addModuleCleanup(SlurmTestCase.slurm.keeper.stop)
    SlurmTestCase.slurm.start()


class SlurmTestCase(FarTestCase):
    launcher = "srun -n1 --quiet"
    slurm = None

    def setUp(self):
        super().setUp()
        self.keeper = self.slurm.keeper
        self.env.update(self.slurm.env)
        self.before = len(self.slurm.done())
        self.addCleanup(self.slurm.tell, "scancel", "--user", str(os.getuid()))

    def assert_no_job(self):
        """And nothing of one that is still on its way out."""
        self.wait_until(lambda: not self.slurm.jobs())

    def assert_gone(self, pids):
        super().assert_gone(pids)
        self.assert_no_job()

    def drain(self):
        """The node takes no job until the end of the test, or node("state=resume")."""
        self.assert_no_job()
        self.slurm.node("state=drain")
        self.addCleanup(self.slurm.node, "state=resume")

    def popen_pending(self):
        """A run whose only job waits, until the node is resumed."""
        self.program("test-x", "pass a; pass b; pass c")
        self.drain()
        process = self.popen("test-x")
        self.wait_until(lambda: [state for _, state in self.slurm.jobs()] == ["PENDING"])
        return process


class Programs(SlurmTestCase):
    def test_all_pass_each_in_a_job_and_no_more_at_once_than_processors(self):
        ids = [f"{c}.{t}" for c in "ABCD" for t in "ab"]
        self.program("test-x", """echo $SLURM_JOB_ID >>ids; : >busy.$$
ls busy.* | wc -l >>counts; sleep 0.3; rm busy.$$
""" + "".join(f"pass {i}; " for i in ids), ids)
        result = self.launch("-j4", "test-x")
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
        self.assertIn("8 passed, 0 failed", result.stdout)
        self.assertEqual(max(map(int, self.text("counts").split())), 2)
        self.assertEqual(len(set(self.text("ids").split())), 4)
        self.assert_no_job()
        self.assertGreaterEqual(len(self.slurm.done()) - self.before, 5)    # one is the list

    def test_a_crash_fails_its_test_and_the_rest_is_run_by_another_job(self):
        self.program("test-x", """echo "$SLURM_JOB_ID" >>ids
pass a; want b && { echo "# start b"; kill -SEGV $$; }
want c && { echo "# start c"; echo "# why"; echo "not ok 1 c"; exit 1; }""")
        result = self.launch("-j1", "test-x")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("  ok    a\n  FAIL  b\n", result.stdout)
        self.assertIn("        the program died of SIGSEGV\n", result.stdout)
        # srun's words come by another way than the test's
        self.assertRegex(result.stdout, "  FAIL  c\n(        .*\n)*        why\n")
        self.assertIn("1 passed, 2 failed", result.stdout)
        self.assertEqual(len(set(self.text("ids").split())), 2)

    def test_a_hang_is_asked_for_its_stack_and_killed_whatever_it_minds(self):
        self.program("test-x", """trap 'echo "# at line 7"; trap - ABRT; kill -ABRT $$' ABRT
pass a; want b && { echo "# start b"; echo $$ >pid; while :; do sleep 0.1; done; }; pass c""")
        self.program("test-y", """trap '' ABRT HUP TERM
want y && { echo "# start y"; echo $$ >pid.y; while :; do sleep 0.1; done; }""", ids=("y",))
        result = self.launch("-j2", "--timeout", "1", "test-x", "test-y")
        self.assertEqual(result.returncode, 1, result.stderr)
        for killed in "b\n        at line 7\n", "y\n":
            self.assertRegex(result.stdout, "  FAIL  " + killed +
                             "(        .*\n)*        it took more than 11 s and was killed\n")
        self.assertIn("2 passed, 2 failed", result.stdout)
        self.assert_gone((self.text("pid") + self.text("pid.y")).split())

    def test_a_partition_that_does_not_exist_is_exit_2_with_sruns_words(self):
        self.program("test-x", "pass a; pass b; pass c")
        result = self.launch("-j2", "test-x", launcher=self.launcher + " -p nowhere")
        self.assertEqual(result.returncode, 2, result.stdout)
        self.assertIn("invalid partition specified: nowhere", result.stdout)
        self.assertIn("0 passed", result.stdout)

    def test_the_steps_of_an_allocation_share_it(self):
        self.program("test-x", "echo $SLURM_STEP_ID.$SLURM_JOB_ID >>ids; pass A.a; pass B.a",
                     ("A.a", "B.a"))
        done = subprocess.run(
            ["salloc", "-n2", "--quiet", COMMAND, "run", "-j2",
             "--launcher", self.launcher + " --exact", "test-x"], env=self.env, cwd=self.dir, capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertIn("2 passed", done.stdout)
        steps = [line.split(".") for line in self.text("ids").split()]
        self.assertEqual(sorted(step for step, _ in steps), ["1", "2"])     # 0: the list
        self.assertEqual(len({job for _, job in steps}), 1)

    def test_a_job_waits_in_the_queue_until_there_is_room(self):
        process = self.popen_pending()
        self.slurm.node("state=resume")
        self.assertIn("3 passed, 0 failed", self.output(process, 0))


class End(EndTests, SlurmTestCase):
    def test_a_cancelled_job_fails_its_test_and_the_rest_is_run_by_another(self):
        process, pids = self.start()
        (job, state), = self.slurm.jobs()
        self.assertEqual(state, "RUNNING")
        self.slurm.tell("scancel", job)
        self.assert_b_failed(process, ".*(CANCELLED|Terminated|SIGTERM)")
        self.assert_gone(pids)

    def test_ctrl_c_takes_what_waits_out_of_the_queue(self):
        process = self.popen_pending()
        self.interrupt(process, "")
        self.assert_no_job()

    def test_the_daemons_end_with_a_test_that_is_killed(self):
        # not those of this class: a shell in place of the test, and one daemon of its own
        script = ("from keeper import *\nk = Keeper()\nk.start('x', 'sh', '-c',"
                  "'setsid sleep 1000 & echo $! $$; wait')\nprint(k.dir, flush=True)\ninput()")
        holder = subprocess.Popen(["/usr/bin/python3", "-c", script], text=True,
                                  cwd=os.path.dirname(os.path.abspath(__file__)),
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        directory = holder.stdout.readline().strip()
        log = os.path.join(directory, "x.log")

        def pids():
            with open(log, encoding="utf-8") as f:
                return f.read().split()

        wait_until(lambda: os.path.exists(log) and len(pids()) == 2, "it did not start")
        there = pids()
        holder.kill()
        holder.communicate()
        wait_until(lambda: not any(map(is_alive, there)) and not os.path.exists(directory),
                   "something is left")


@needs_python
class Suites(SlurmTestCase):
    """The commands of docs/ci.md, as they stand there."""

    def test_the_documented_commands_run_real_suites(self):
        kernel = find_kernel("suites/iio/light", "examples")
        if kernel is None:
            self.skipTest("the cache has no kernel for suites/iio/light")
        commands = documented("Slurm")
        self.assertEqual(len(commands), 2)
        for command in commands:
            before = len(self.slurm.done())
            self.launch_suites(kernel, command)
            self.assert_no_job()
            self.assertGreater(len(self.slurm.done()), before)


if __name__ == "__main__":
    ktap_main.main()
