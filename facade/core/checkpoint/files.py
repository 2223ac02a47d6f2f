"""Files and buffers: what may be read, and writing to a path so that no moment has half a file under it."""

import contextlib
import io
import os
import secrets
import stat

_SEEK = (". You can only torch.load from a file that is seekable. Please pre-load the data into a buffer like io.BytesIO and "
         "try to load from it instead.")


def is_path(file):
    """Whether this is a path, and no open file."""
    return isinstance(file, (str, os.PathLike))


def check_seekable(file):
    """Raise torch's error for a file that cannot go back."""
    try:
        file.seek(file.tell())
    except (io.UnsupportedOperation, AttributeError) as failure:
        if "seek" in str(failure) or "tell" in str(failure):
            raise type(failure)(f"{failure}{_SEEK}") from None
        raise


@contextlib.contextmanager
def reading(file):
    """An open binary file for a path or an open file."""
    if is_path(file):
        with open(file, "rb") as opened:
            yield opened
    else:
        check_seekable(file)
        yield file


@contextlib.contextmanager
def writing(file):
    """An open binary file for a path or an open file; a path has its new content when all is written, and else its old.

    The content is written beside it, in the same directory, and then put in its place. Where that cannot be, for a device or
    in a directory that takes no new file, it is written to as it is.
    """
    if not is_path(file):
        yield file
        if hasattr(file, "flush"):
            file.flush()
        return
    target = os.path.realpath(os.fspath(file))
    beside, opened = _opened(os.fspath(file), target)
    try:
        with opened:
            yield opened
            opened.flush()
            if beside:
                os.fsync(opened.fileno())
        if beside:
            _replace(beside, target)
    finally:
        if beside:
            with contextlib.suppress(FileNotFoundError):
                os.remove(beside)


def _opened(name, target):
    """(the path beside the target that is written to, None for the target itself; it opened); RuntimeError in torch's words."""
    folder = os.path.dirname(name)
    if not name or not os.path.basename(target):
        raise RuntimeError(f"invalid file name: {name}")
    if folder and not os.path.isdir(folder):
        raise RuntimeError(f"Parent directory {folder} does not exist.")
    beside = f"{target}.{secrets.token_hex(8)}.partial"
    try:
        if os.path.exists(target) and (not stat.S_ISREG(os.stat(target).st_mode) or not os.access(os.path.dirname(target), os.W_OK)):
            return None, open(target, "wb")
        return beside, open(beside, "xb")
    except OSError as failure:
        raise RuntimeError(f"open file failed with strerror: {failure.strerror}") from None


def _replace(beside, target):
    if os.path.exists(target):
        os.chmod(beside, stat.S_IMODE(os.stat(target).st_mode))
    os.replace(beside, target)
