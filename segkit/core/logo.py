"""The company's logo: a file of the workspace that the report shows."""

from pathlib import Path

from segkit.core.errors import SettingsError
from segkit.core.settings import Settings

LARGEST_LOGO = 300_000
_PNG = b"\x89PNG\r\n\x1a\n"


def require_logo(settings: Settings, workspace: Path) -> tuple[str, bytes]:
    """Return the company's logo, if it can be shown.

    Parameters
    ----------
    settings : Settings
        ``company.logo`` names the file.
    workspace : Path
        Folder from which its path is seen.

    Returns
    -------
    tuple of str and bytes
        Kind of image, ``png`` or ``svg+xml``, and its content; blank and empty where no logo is set.

    Raises
    ------
    SettingsError
        The file is missing, too large, or neither PNG nor SVG.

    Examples
    --------
    >>> require_logo(Settings(), Path())
    ('', b'')
    """
    if not settings.company.logo:
        return "", b""
    path, said = workspace / settings.company.logo, f"company.logo = {settings.company.logo!r}"
    if not path.is_file():
        raise SettingsError(
            f"{said}: there is no such file in the workspace\nGive a PNG or SVG file, or leave it blank."
        )
    size = path.stat().st_size
    if size > LARGEST_LOGO:
        raise SettingsError(f"{said}: {size:,} bytes are too many\nUse an image of at most {LARGEST_LOGO:,} bytes.")
    content = path.read_bytes()
    if content.startswith(_PNG):
        return "png", content
    if b"<svg" in content[:4096]:
        return "svg+xml", content
    raise SettingsError(f"{said}: this is neither PNG nor SVG\nConvert the image to one of them.")
