"""How faults are told: in English, in another language, or hardly at all. Their codes are the same in each.

QuickBooks writes its texts in the language of the company's user, leaves `element` out when it likes, and sometimes has no detail.
"""

from __future__ import annotations

from typing import Any

_SPANISH = {
    "610": "No se encontró el objeto",
    "2010": "La solicitud tiene una propiedad no válida o no admitida",
    "5010": "Error de objeto obsoleto",
    "6140": "Error de número de documento duplicado",
    "6190": "El período de suscripción ha finalizado o se ha cancelado",
    "6200": "El período contable está cerrado",
    "6210": "El período contable está cerrado",
    "6240": "Error de nombre duplicado",
    "6540": "La transacción depositada no se puede modificar",
}
_SPANISH_OTHERWISE = "Se ha producido un error al procesar su solicitud"


def told(content: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Return an answer with its fault, or those of its batch items, told as the settings say."""
    if "BatchItemResponse" in content:
        return content | {
            "BatchItemResponse": [told(each, settings) for each in content["BatchItemResponse"]]
        }
    if "Fault" not in content:
        return content
    fault = content["Fault"]
    return content | {"Fault": fault | {"Error": [_error(each, settings) for each in fault["Error"]]}}


def _error(error: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    error = dict(error)
    if not settings["fault_element"]:
        error.pop("element", None)
    if settings["fault_texts"] == "spanish":
        message = _SPANISH.get(error["code"], _SPANISH_OTHERWISE)
        error |= {"Message": message, "Detail": f"{message} : Inténtelo de nuevo más tarde."}
    elif settings["fault_texts"] == "null":
        error["Detail"] = None
    return error
