"""The door: read the request, find the method, answer in Telegram's form."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

import orjson
from aiohttp import web
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader

from tests.botapi import about, control, editing, sending, topics
from tests.botapi.faults import REFUSALS, Fault, FaultKind
from tests.botapi.shapes import ApiError, Blame, Json, Upload, wrong
from tests.botapi.world import Call, World, plain

Method: TypeAlias = Callable[[World, Call], object]

METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "getMe": about.get_me,
        "logOut": about.agree,
        "close": about.agree,
        "setWebhook": about.set_webhook,
        "deleteWebhook": about.delete_webhook,
        "getWebhookInfo": about.webhook_info,
        "setMyCommands": about.set_commands,
        "getMyCommands": about.get_commands,
        "deleteMyCommands": about.delete_commands,
        "setChatMenuButton": about.set_menu_button,
        "sendMessage": sending.send_message,
        "sendPhoto": sending.send_photo,
        "sendVoice": sending.send_voice,
        "sendDocument": sending.send_document,
        "sendMediaGroup": sending.send_media_group,
        "sendLocation": sending.send_location,
        "sendContact": sending.send_contact,
        "sendChatAction": sending.send_chat_action,
        "editMessageText": editing.edit_text,
        "editMessageCaption": editing.edit_caption,
        "editMessageReplyMarkup": editing.edit_markup,
        "deleteMessage": editing.delete_message,
        "pinChatMessage": editing.pin_message,
        "answerCallbackQuery": editing.answer_query,
        "getFile": about.get_file,
        "getChat": about.get_chat,
        "getChatMember": about.get_member,
        "getChatAdministrators": about.get_administrators,
        "leaveChat": about.leave_chat,
        "createForumTopic": topics.create_topic,
        "editForumTopic": topics.edit_topic,
        "closeForumTopic": topics.close_topic,
    }
)
_LARGEST_UPLOAD = 50 * 1024 * 1024
SHUTDOWN_SECONDS = 0.1  # for what hangs in a long poll; zero would mean for ever
_FORM = "application/x-www-form-urlencoded"


@dataclass(slots=True)
class _Given:
    """What came with a request, before it is checked."""

    params: Json = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    loose: bool = False


@dataclass(frozen=True, slots=True)
class Door:
    """The handler of every request."""

    world: World

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        path = request.path
        if path.startswith("/bot"):
            token, _, method = path[4:].partition("/")
            return await self._call(request, token, method)
        if path.startswith("/file/bot"):
            token, _, file_path = path[9:].partition("/")
            return self._download(token, file_path)
        if path.startswith("/_control/"):
            return await control.answer(self.world, request)
        return _refuse(ApiError(404, "Not Found"))

    async def _call(self, request: web.BaseRequest, token: str, method: str) -> web.StreamResponse:
        book = self.world.book
        given = _Given()
        try:
            self._check(token, method)
            book.calls[method] += 1
            given = await _read(request)
            params = self.world.schema.read(method, given.params, given.uploads, loose=given.loose)
            call = Call(method, params, given.uploads)
            fault = self.world.faults.take(method, params.get("chat_id"))
            if fault is not None:
                return await self._spoil(request, call, fault)
            return _agree(await self._perform(call))
        except ApiError as error:
            book.note(method, given.params, error)
            return _refuse(error)

    def _check(self, token: str, method: str) -> None:
        schema = self.world.schema
        if token != self.world.options.token:
            raise ApiError(401, "Unauthorized", Blame.CALLER)
        if method not in schema.known:
            raise ApiError(404, "Not Found: method not found", Blame.CALLER)
        if method not in schema.methods:
            raise wrong(f"{method} is not served by this server")

    async def _perform(self, call: Call) -> object:
        if call.method == "getUpdates":
            return await self.world.updates.fetch(call.params)
        return METHODS[call.method](self.world, call)

    async def _spoil(self, request: web.BaseRequest, call: Call, fault: Fault) -> web.StreamResponse:
        if fault.kind in REFUSALS:
            raise fault.refusal()
        if fault.kind is FaultKind.BAD_GATEWAY:
            return web.Response(status=502, text="<html><h1>502 Bad Gateway</h1></html>", content_type="text/html")
        if fault.kind in (FaultKind.HANG, FaultKind.DROP_AFTER):
            result = await self._perform(call)
            await asyncio.sleep(fault.seconds)
            if fault.kind is FaultKind.HANG:
                return _agree(result)
        else:
            await asyncio.sleep(fault.seconds)
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    def _download(self, token: str, file_path: str) -> web.Response:
        if token != self.world.options.token:
            return _refuse(ApiError(401, "Unauthorized", Blame.CALLER))
        stored = self.world.shelf.by_path.get(file_path)
        if stored is None:
            return _refuse(ApiError(404, "Not Found"))
        return web.Response(body=stored.content, content_type="application/octet-stream")


def runner(world: World) -> web.ServerRunner:
    """Return the server of one world, not yet listening."""

    def make_request(
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: Any,
        writer: Any,
        task: "asyncio.Task[None]",
    ) -> web.BaseRequest:
        loop = asyncio.get_running_loop()
        return web.BaseRequest(
            message, payload, protocol, writer, task, loop, client_max_size=_LARGEST_UPLOAD + 1024 * 1024
        )

    return web.ServerRunner(
        web.Server(Door(world).handle, request_factory=make_request, access_log=None), shutdown_timeout=SHUTDOWN_SECONDS
    )


def _agree(result: object) -> web.Response:
    return web.Response(body=orjson.dumps({"ok": True, "result": result}), headers={"Content-Type": "application/json"})


def _refuse(error: ApiError) -> web.Response:
    headers = {"Content-Type": "application/json"}
    if error.parameters is not None and "retry_after" in error.parameters:
        headers["Retry-After"] = str(error.parameters["retry_after"])
    return web.Response(status=error.code, body=orjson.dumps(error.body(), default=plain), headers=headers)


async def _read(request: web.BaseRequest) -> _Given:
    given = _Given(dict(request.query) if request.query_string else {}, loose=True)
    kind = request.content_type
    if kind == "application/json":
        given.loose = False
        body = await request.read()
        try:
            given.params |= orjson.loads(body) if body else {}
        except (orjson.JSONDecodeError, TypeError):
            raise wrong("can't parse request: not a JSON object") from None
    elif kind == _FORM:
        text = (await request.read()).decode()
        given.params |= dict(parse_qsl(text, keep_blank_values=True))
    elif kind == "multipart/form-data":
        await _read_multipart(request, given)
    elif await request.read():
        raise wrong(f"can't parse request: unsupported content type {kind}")
    return given


async def _read_multipart(request: web.BaseRequest, given: _Given) -> None:
    try:
        form = await request.post()
    except web.HTTPRequestEntityTooLarge:
        raise ApiError(413, "Request Entity Too Large", Blame.CALLER) from None
    for name, value in form.items():
        if isinstance(value, web.FileField):
            content = value.file.read()
            given.uploads[name] = Upload(name, value.filename, value.content_type, content)
        elif isinstance(value, str):
            given.params[name] = value
