"""Each rule of the house complains about what it forbids, and about nothing else."""

import unittest

import house_rules as rules

FLOORS = "scoring: hwy/\npolicy: scoring/ openssl/\nclient: storage/model_file.h grpcpp/\npure scoring\n"


class Floors(unittest.TestCase):
    def complaints(self, path, line):
        return rules.floor_complaints(FLOORS, path, line + "\n")

    def test_own_folder_standard_library_and_abseil_are_free(self):
        for line in ('#include "scoring/a.h"', "#include <vector>", '#include "absl/status/status.h"',
                     '#include "hwy/highway.h"'):
            self.assertEqual(self.complaints("scoring/b.cc", line), [])

    def test_a_higher_floor_is_refused(self):
        self.assertEqual(len(self.complaints("scoring/b.cc", '#include "policy/outcome.h"')), 1)
        self.assertEqual(len(self.complaints("policy/b.cc", "#include <grpcpp/grpcpp.h>")), 1)

    def test_one_header_of_a_folder_does_not_open_the_folder(self):
        self.assertEqual(self.complaints("client/b.cc", '#include "storage/model_file.h"'), [])
        self.assertEqual(len(self.complaints("client/b.cc", '#include "storage/database.h"')), 1)
        self.assertEqual(len(self.complaints("client/b.cc", '#include "storage/model_file.hidden.h"')), 1)

    def test_a_pure_folder_does_no_io(self):
        self.assertEqual(len(self.complaints("scoring/b.cc", "#include <fstream>")), 1)
        self.assertEqual(self.complaints("client/b.cc", "#include <fstream>"), [])

    def test_tests_are_not_held_to_the_floors(self):
        self.assertEqual(self.complaints("tests/scoring/b.cc", '#include "server/x.h"'), [])


class Names(unittest.TestCase):
    def test_forbidden_words(self):
        self.assertEqual(len(rules.name_complaints("server/string_util.cc")), 1)
        self.assertEqual(len(rules.name_complaints("server/common.h")), 1)
        self.assertEqual(rules.name_complaints("server/commonwealth.h"), [])


class Lengths(unittest.TestCase):
    def test_limit(self):
        self.assertEqual(rules.length_complaints("a.cc", "x\n" * 400), [])
        self.assertEqual(len(rules.length_complaints("a.cc", "x\n" * 401)), 1)


class Roles(unittest.TestCase):
    def test_every_rpc_names_a_role(self):
        good = "rpc A(X) returns (stream Y) {\n option (allowed_roles) = ROLE_ASSIGN;\n }\n"
        self.assertEqual(rules.role_complaints("a.proto", good), [])
        self.assertEqual(len(rules.role_complaints("a.proto", "rpc A(X) returns (Y);\n" + good)), 1)
        self.assertEqual(len(rules.role_complaints("a.proto", "rpc A(X) returns (Y) {\n}\n")), 1)
        self.assertEqual(len(rules.role_complaints("a.proto", good.replace("ROLE_ASSIGN", "ROLE_UNSPECIFIED"))), 1)


class Paths(unittest.TestCase):
    def test_folders_of_one_machine(self):
        self.assertEqual(len(rules.path_complaints("a", "see /" + "root/notes\n")), 1)
        self.assertEqual(rules.path_complaints("a", "the framework/root/x and ./work/x and $dir/root/etc\n"), [])


class Links(unittest.TestCase):
    def test_a_link_leads_somewhere(self):
        def exists(name):
            return name == "docs/a.md"
        text = "[a](a.md) [b](a.md#part) [c](https://example.org/x)"
        self.assertEqual(rules.link_complaints("docs/b.md", text, exists), [])
        self.assertEqual(len(rules.link_complaints("docs/b.md", "[a](gone.md)", exists)), 1)
        self.assertEqual(len(rules.link_complaints("README.md", "[a](a.md)", exists)), 1)


class Readme(unittest.TestCase):
    CI = "# ./dev bench\nstage tests ./dev test\n"

    def test_run_blocks_and_commands_of_ci(self):
        self.assertEqual(rules.readme_complaints("```sh\nls\n```\n```sh ci\n./dev test # all\n```\n", self.CI), [])

    def test_a_command_that_nothing_runs(self):
        self.assertEqual(len(rules.readme_complaints("```sh\nls\n```\n```sh ci\n./dev bench\n```\n", self.CI)), 1)
        self.assertEqual(len(rules.readme_complaints("```sh\nls\n```\n```bash\nls\n```\n", self.CI)), 1)
        self.assertEqual(len(rules.readme_complaints("no blocks\n", self.CI)), 1)


class NamesOfTests(unittest.TestCase):
    def test_googletest(self):
        source = ("TEST(A, One) {\n}\nTEST_F(\n    BTest,\n    Two) {}\nTEST_P(C, Three) {\n// TEST(D, Four)\n"
                  "TEST(E, DISABLED_Five) {\n")
        self.assertEqual(rules.names_of_tests("tests/a/a_test.cc", source),
                         {"A.One", "BTest.Two", "C.Three", "E.DISABLED_Five"})

    def test_ctest_with_each_name_of_a_loop(self):
        cmake = ("foreach(rule a b)\n  add_test(NAME house.${rule} COMMAND x)\nendforeach()\n# add_test(NAME gone)\n"
                 "add_test(NAME client.demo COMMAND y)\n"
                 "foreach(p m:n)\n add_test(NAME deploy.${q} COMMAND z)\nendforeach()\n")
        self.assertEqual(rules.names_of_tests("tests/CMakeLists.txt", cmake), {"house.a", "house.b", "client.demo"})


class Compliance(unittest.TestCase):
    HEAD = "| article | what it asks | proven by |\n|---|---|---|\n"
    TESTS = {"A.One", "house.roles"}

    def complaints(self, row):
        return rules.compliance_complaints(self.HEAD + row, self.TESTS)

    def test_tests_that_exist_and_what_is_missing(self):
        self.assertEqual(self.complaints("| 1 | `field` of x | `A.One`, `house.roles`; the rest is planned |\n"), [])
        self.assertEqual(self.complaints("| 1 | x | planned: EraseSubject |\n| 2 | y | not yet |\n"), [])

    def test_a_test_that_is_not_there(self):
        self.assertEqual(len(self.complaints("| 1 | x | `A.One`, `A.Two` |\n")), 1)
        self.assertEqual(len(self.complaints("| 1 | x | `house.gone` |\n")), 1)
        self.assertEqual(len(self.complaints("| 1 | `A.Two` | `A.One` |\n\n`A.Three` is one more.\n")), 2)

    def test_a_duty_without_a_proof(self):
        self.assertEqual(len(self.complaints("| 1 | x | it is so |\n")), 1)
        self.assertEqual(len(self.complaints("| 1 | x | |\n| 2 | x | `A.One` |\n")), 1)
        self.assertEqual(len(self.complaints("")), 1)


if __name__ == "__main__":
    unittest.main()
