"""Images of a request: those in data URIs are read, those behind URLs only noted."""

from gateway.core.errors import Unsupported
from gateway.core.media import image_type
from gateway.core.messages import ImagePart, RemoteImagePart
from gateway.dialects.openai.inline import data_of_uri, decoded

__all__ = ["read_image"]


def read_image(url: str, param: str) -> ImagePart | RemoteImagePart:
    """The image of an `image_url`.

    Whether a remote one may be fetched is not for a dialect to say: fetching whatever a caller
    names would let it reach hosts that only the gateway can (server-side request forgery).
    """
    scheme = url[:6].lower()
    if scheme.startswith("data:"):
        data, image = decoded(data_of_uri(url, param), param)
        return ImagePart(data, image_type(image, param))
    if scheme.startswith(("http:", "https:")):
        return RemoteImagePart(url, param)
    raise Unsupported(
        "An image is sent as a data URI (data:image/png;base64,…) or as an http or https URL;"
        " other schemes are not supported.",
        param=param,
        reason="unsupported_value",
    )
