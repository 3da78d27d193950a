"""agentd's database is lost, or put back from a copy: what a test does to it, and what is seen of that."""

import os
import shutil

from . import net
from .rig import ZONE
from .world import zone_of


def directory(world, label):
    """Where a provider's agentd keeps its state."""
    return os.path.join(world.msig[label].home, "lib", "agentd")


def copy_of(world, label, name):
    """A copy of the database, made while nobody writes it."""
    to = world.path(f"{label}.{name}")
    world.msig[label].kill("agentd")
    shutil.copytree(directory(world, label), to)
    world.msig[label].start("agentd")
    net.until(world.msig[label].answers, "agentd", 20)
    return to


def replace(world, label, copy):
    """The database is not what it was: an older one, or none."""
    world.msig[label].kill("agentd")
    shutil.rmtree(directory(world, label))
    if copy:
        shutil.copytree(copy, directory(world, label))
    else:
        os.mkdir(directory(world, label), 0o700)
    world.msig[label].start("agentd")


def held(world, label):
    """What combinerd holds for the others, and that version."""
    merged = world.msig[label].ask("merge", ZONE) or {}
    return merged.get("overlay"), [s.get("records") for s in merged.get("sets", ())]


def in_doubt(world, label):
    """Does agentd say that its database is not to be trusted?"""
    return zone_of(world.msig[label].tracking()).get("database") == "rebuild" or any(
        "database" in r["text"] for r in (world.msig[label].tracking() or {}).get("reasons", ()))


def confirm(world, label):
    """A person says go on; that is refused until combinerd has said what it holds."""
    net.until(lambda: world.msig[label].ctl("resume", ZONE, check=False).returncode == 0,
              "confirmed", 20)
