"""The description of the API as one page, made from its OpenAPI document: no script, nothing from elsewhere."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

Json = Mapping[str, Any]

_METHODS: Final = ("get", "post", "put", "delete")


def docs_page(document: Json) -> str:
    """The whole page."""
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in _METHODS
    ]
    tags: dict[str, list[str]] = {}
    contents: dict[str, list[str]] = {}
    for path, method, operation in operations:
        tag = operation.get("tags", ["other"])[0]
        tags.setdefault(tag, []).append(_operation(path, method, operation))
        contents.setdefault(tag, []).append(
            f'<li><a href="#{operation["operationId"]}"><code>{method.upper()} {_escaped(path)}</code></a> '
            f"{_escaped(operation.get('summary', ''))}</li>"
        )
    info = document["info"]
    return "\n".join([
        "<!doctype html>", '<html lang="en">', '<head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">',
        f"<title>{_escaped(info['title'])}: how to call it</title></head>", "<body><main>",
        f"<h1>{_escaped(info['title'])} {_escaped(info['version'])}</h1>", f"<p>{_prose(info['description'])}</p>",
        '<p>For programs: <a href="/openapi.json">/openapi.json</a></p>', "<nav>",
        *(f"<h2>{_escaped(tag)}</h2><ul>{''.join(items)}</ul>" for tag, items in contents.items()), "</nav>",
        *(part for parts in tags.values() for part in parts), "</main></body></html>",
    ])  # fmt: skip


def _operation(path: str, method: str, operation: Json) -> str:
    parts = [
        f'<section id="{operation["operationId"]}"><hr>',
        f"<h3>{_escaped(operation.get('summary', ''))}</h3>",
        f"<p><code>{method.upper()} {_escaped(path)}</code></p>",
        f"<p>{_prose(operation.get('description', ''))}</p>",
    ]
    if parameters := operation.get("parameters"):
        parts.append("<table><tr><th>Parameter<th>In<th>Needed<th>Meaning</tr>")
        parts += [
            f"<tr><td><code>{_escaped(one['name'])}</code><td>{one['in']}<td>{'yes' if one.get('required') else ''}"
            f"<td>{_prose(one.get('description', '') or _kind(one['schema']))}</tr>"
            for one in parameters
        ]
        parts.append("</table>")
    if body := operation.get("requestBody"):
        parts += ["<p>Body:</p>", *_examples(body["content"])]
    for status, response in operation["responses"].items():
        parts.append(f"<details><summary>{status}: {_prose(response['description'])}</summary>")
        parts += [*_examples(response.get("content", {})), "</details>"]
    return "\n".join([*parts, "</section>"])


def _examples(content: Json) -> Iterable[str]:
    for media_type, shown in content.items():
        example = shown.get("example", "")
        text = example if isinstance(example, str) else json.dumps(example, indent=2, ensure_ascii=False)
        yield f"<p><code>{_escaped(media_type)}</code></p><pre>{_escaped(text)}</pre>"


def _kind(schema: Json) -> str:
    kinds = [schema, *schema.get("anyOf", [])]
    return " or ".join(str(one["type"]) for one in kinds if one.get("type") not in (None, "null"))


def _prose(text: str) -> str:
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", _escaped(text))


def _escaped(text: str) -> str:
    return html.escape(text)
