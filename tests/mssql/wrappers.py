"""Our wrappers as they are shipped, for a test site.

Babelfish cannot run XML methods (`.nodes`, `.value`): there a file of the same name in `babelfish/`
takes the place of the shipped one. On SQL Server everything is as shipped.
"""

from __future__ import annotations

from pathlib import Path

from paysync.adapters.sage500.script import install_script, parts
from paysync.adapters.sage500.site import rendered

REPLACED = Path(__file__).parent / "babelfish"


def wrapper_script(is_babelfish: bool) -> str:
    """The installation script with the default settings."""
    script = install_script()
    for part in parts() if is_babelfish else ():
        other = REPLACED / part.name
        if other.exists():
            script = script.replace(part.text, rendered(other.read_text()))
    return script
