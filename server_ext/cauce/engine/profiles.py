"""Choosing among a project's files of values; see `spec.profile` for what comes of the choice."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping

from cauce.contract import Profiles
from cauce.engine.errors import NotFound, ProjectUnwritable, UsageError
from cauce.engine.files import write_whole
from cauce.engine.spec import Entry
from cauce.engine.spec.env import ENV_FILENAME
from cauce.engine.spec.profile import profile_file, profiles_file, profiles_of, with_choice
from cauce.engine.statefolder import prepared

__all__ = ["choose", "known", "profiles"]


def profiles(entry: Entry, environ: Mapping[str, str] | None = None) -> Profiles:
    """What the pipeline has, and may have."""
    if entry.kind != "file":
        return Profiles(profile="", profiles=(), fixed="Only the pipelines of files have an env.yaml to choose.")
    there = profiles_of(entry.path, entry.root)
    named = (os.environ if environ is None else environ).get(ENV_FILENAME)
    if named:
        return Profiles(profile=entry.profile, profiles=there, fixed=f"{ENV_FILENAME} names {named}.")
    listed = there if not entry.profile or entry.profile in there else (*there, entry.profile)
    return Profiles(profile=entry.profile, profiles=listed)


def known(entry: Entry, profile: str) -> str:
    """The profile of that name; 'default' is env.yaml, unless there is an env.default.yaml.

    Raises:
        NotFound: There is none.
    """
    there = profiles_of(entry.path, entry.root)
    if profile in there or not profile:
        return profile
    if profile == "default":
        return ""
    close = difflib.get_close_matches(profile, there, n=1)
    names = ", ".join(name or "default" for name in there)
    hint = f"Did you mean '{close[0]}'?" if close and close[0] else f"There are: {names}." if there else ""
    raise NotFound(
        f"There is no profile '{profile}': no {profile_file(profile)}.",
        hint=hint or f"Write {profile_file(profile)} beside env.yaml.",
    )


def choose(entry: Entry, profile: str) -> Profiles:
    """Have all who work in this copy of the project use it from here on.

    Raises:
        NotFound: There is none of that name.
        UsageError: It is decided elsewhere.
        ProjectUnwritable: The choice cannot be kept.
    """
    now = profiles(entry)
    if now.fixed:
        raise UsageError(f"The values cannot be chosen here: {now.fixed}", hint="Choose them there.")
    chosen = known(entry, profile)
    prepared(entry.root)
    path = profiles_file(entry.root)
    try:
        write_whole(path, with_choice(entry.root, entry.name, chosen))
    except OSError as error:
        raise ProjectUnwritable(
            f"{path} cannot be written: {error.strerror}.", hint="The choice is kept there. Make it writable."
        ) from error
    return Profiles(profile=chosen, profiles=now.profiles)
