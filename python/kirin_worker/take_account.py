"""Becomes another account with all of its groups, and then another program: UID GID PROGRAM [ARGUMENT ...]

For --initgroups: a program that Node starts for an account has that account's own group alone. What runs here as root
is no code of the application's: the interpreter is isolated, and reads no site packages. Since a program follows,
nothing of root's is left in the process, and /proc shows it to its own account. Python 3.6 and newer.
"""

import os
import pwd
import sys


def main(uid: int, gid: int, command: "list[str]") -> None:
    try:
        os.initgroups(pwd.getpwuid(uid).pw_name, gid)
    except KeyError:  # a number that is nobody's has no groups
        os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    os.execv(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
