# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a kernel of the flavour "check" says of a driver that leaves things behind,
and that it is said of the right test. ROADTEST_KERNEL names such a kernel;
tools/check runs this. The tests are faulty/check_tests.py."""

import unittest

import test_bad_guests
from test_bad_guests import HERE, ktap_main

# Without its module's others, which are of the flavour "fast".
GuestsTestCase = test_bad_guests.GuestsTestCase


class Check(GuestsTestCase):
    tests = str(HERE / "faulty/check_tests.py")
    flavour = "check"

    def test_outcomes(self):
        failed = {n for n, t in self.results.items() if t["outcome"] == "failed"}
        self.assertEqual(failed, {
            "Leaves.test_a_timer", "Leaves.test_b_work", "Leaves.test_c_rcu",
            "User.test_b_user", "Loses.tearDownClass", "LosesEach.test_b_loses"})
        self.assertTrue({n for n in self.results if "good" in n}.isdisjoint(failed))
        self.assertEqual(len(self.results), 14)

    def test_what_is_freed_while_it_is_active(self):
        for name, kind in (("a_timer", "timer_list"), ("b_work", "work_struct|timer_list"),
                           ("c_rcu", "rcu_head")):
            with self.subTest(name):
                said = self.failed(f"Leaves.test_{name}", "OracleError", "ODEBUG: free active")
                self.assertRegex(said, f"object type: ({kind})")

    def test_work_that_uses_what_is_freed(self):
        self.failed("User.test_b_user", "OracleError", "BUG: KASAN: slab-use-after-free",
                    "faulty_late_user+")

    def test_lost_memory_fails_the_class_and_names_the_test(self):
        self.failed("Loses.tearDownClass", "OracleError", "has lost memory", "faulty_lose",
                    "Loses.test_b_good_so_far loses this when it runs alone")

    def test_lost_memory_of_a_test_with_its_own_kernel(self):
        self.failed("LosesEach.test_b_loses", "OracleError", "has lost memory", "faulty_lose")

    def test_lost_memory_may_be_a_known_bug(self):
        self.assertIn("probe forgets it", str(self.results["LosesKnown.test_a_good"]))


del GuestsTestCase


if __name__ == "__main__":
    ktap_main.main()
