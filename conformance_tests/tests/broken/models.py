"""The list of models in a shape that only one server knows."""

from conformance_tests.tests.broken.defect import Defect
from conformance_tests.tests.broken.messages import Reply, Request, error

__all__ = ["DEFECTS"]


def slash_names_a_model(request: Request) -> Request | Reply:
    if request.route != "/models/":
        return request
    return error(404, "The model `` does not exist", "model", "model_not_found")


def private_shape(request: Request, reply: Reply) -> Reply:
    if request.route != "/models" or reply.status != 200:
        return reply
    names = [model["id"] for model in reply.fields["data"]]
    return reply.saying({"localModels": [{"name": name} for name in names]})


DEFECTS = {34: Defect(("/models", "/models/"), slash_names_a_model, private_shape)}
