"""Quota's gRPC API as python3-grpcio sees it. Usage: python3 interop.py host:port

Nothing is generated: every message but those of reflection itself is built from the descriptors that the silo's reflection
service sends, so this also tests that those are complete. The silo must have a namespace "acme" that allows the key "k1" and
refuses the key "deny".
"""
import sys
import threading

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

TARGET = sys.argv[1]
PATIENCE_S = 10
REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"


def encode(field, value):
    """One length-delimited field, shorter than 128 bytes."""
    return bytes([field << 3 | 2, len(value)]) + value


def fields(data):
    """The length-delimited fields of a message; numbers are skipped."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        tag = varint()
        if tag & 7 == 0:
            varint()
            continue
        length = varint()
        yield tag >> 3, data[at:at + length]
        at += length


def raw(channel, kind, path, request, response=None):
    serialize = (lambda b: b) if request is None else request.SerializeToString
    parse = (lambda b: b) if response is None else response.FromString
    return getattr(channel, kind)(path, request_serializer=serialize, response_deserializer=parse)


def reflect(channel, *questions):
    call = raw(channel, "stream_stream", REFLECTION, None)
    return list(call(iter(questions), timeout=PATIENCE_S))


class Api:
    """The messages, built from what the silo says of itself."""

    def __init__(self, channel):
        self.pool = descriptor_pool.DescriptorPool()
        self.services = []
        (listed,) = reflect(channel, encode(7, b"*"))
        for number, value in fields(listed):
            if number == 6:
                self.services = [bytes(dict(fields(entry))[1]).decode() for n, entry in fields(value) if n == 1]
        answers = reflect(channel, *(encode(4, name.encode()) for name in self.services))
        for answer in answers:
            for number, value in fields(answer):
                if number == 4:
                    for _, file in fields(value):
                        self.pool.Add(descriptor_pb2.FileDescriptorProto.FromString(file))

    def __getattr__(self, name):
        return self.message("quota.v1." + name)

    def message(self, full_name):
        descriptor = self.pool.FindMessageTypeByName(full_name)
        if hasattr(message_factory, "GetMessageClass"):
            return message_factory.GetMessageClass(descriptor)
        return message_factory.MessageFactory(self.pool).GetPrototype(descriptor)


def equal(actual, expected):
    if actual != expected:
        raise AssertionError(f"was {actual!r}, expected {expected!r}")


def refusal(call):
    try:
        call()
    except grpc.RpcError as error:
        return error
    raise AssertionError("it succeeded")


class Cases:
    def __init__(self, channel):
        self.channel = channel
        self.api = Api(channel)
        self.path = "/quota.v1.QuotaService/"

    def check(self, key, **more):
        return self.api.CheckQuotaRequest(namespace="acme", key=key, **more)

    def unary(self, request, **options):
        call = raw(self.channel, "unary_unary", self.path + "CheckQuota", self.api.CheckQuotaRequest, self.api.CheckQuotaResponse)
        return call(request, timeout=PATIENCE_S, **options)

    def stream(self, requests, timeout=PATIENCE_S):
        call = raw(self.channel, "stream_stream", self.path + "StreamQuota", self.api.StreamQuotaRequest, self.api.StreamQuotaResponse)
        return call(requests, timeout=timeout)

    def case_reflection(self):
        equal("quota.v1.QuotaService" in self.api.services, True)
        service = self.api.pool.FindServiceByName("quota.v1.QuotaService")
        equal([m.name for m in service.methods], ["CheckQuota", "CheckQuotaBatch", "StreamQuota", "Explain", "Reserve", "Settle", "Cancel", "Extend", "Refund"])

    def case_unary_allowed(self):
        reply = self.unary(self.check("k1", attributes={"route": "/a"}, headers=1))
        equal((reply.allowed, reply.reason), (True, 1))

    def case_unary_refused(self):
        reply = self.unary(self.check("deny"))
        equal((reply.allowed, reply.reason, reply.limit != ""), (False, 2, True))

    def case_error_status_and_message(self):
        error = refusal(lambda: self.unary(self.check("")))
        equal((error.code(), error.details()), (grpc.StatusCode.INVALID_ARGUMENT, "key: must be 1 to 256 bytes, was 0"))

    def case_unknown_method(self):
        call = raw(self.channel, "unary_unary", self.path + "Nothing", None)
        equal(refusal(lambda: call(b"", timeout=PATIENCE_S)).code(), grpc.StatusCode.UNIMPLEMENTED)

    def case_oversized_message(self):
        call = raw(self.channel, "unary_unary", self.path + "CheckQuota", None)
        equal(refusal(lambda: call(bytes(5 * 1024 * 1024), timeout=PATIENCE_S)).code(), grpc.StatusCode.RESOURCE_EXHAUSTED)

    def case_gzip_both_ways(self):
        call = raw(self.channel, "unary_unary", self.path + "CheckQuotaBatch", self.api.CheckQuotaBatchRequest, self.api.CheckQuotaBatchResponse)
        request = self.api.CheckQuotaBatchRequest(checks=[self.check("k1")] * 200)
        reply = call(request, timeout=PATIENCE_S, compression=grpc.Compression.Gzip)
        equal((len(reply.results), all(r.response.allowed for r in reply.results)), (200, True))

    def case_metadata(self):
        reply = self.unary(self.check("k1"), metadata=(("x-text", "hello"), ("x-data-bin", b"\x00\x01\xff")))
        equal(reply.allowed, True)

    def case_stream(self):
        batches = (self.api.StreamQuotaRequest(correlation_id=i, checks=[self.check("k1", detail=1), self.check("deny")]) for i in range(1, 501))
        replies = list(self.stream(batches))
        equal([r.correlation_id for r in replies], list(range(1, 501)))
        equal([[x.response.allowed for x in r.results] for r in replies], [[True, False]] * 500)

    def case_deadline(self):
        ended = threading.Event()

        def silence():
            ended.wait(PATIENCE_S)
            yield from ()

        error = refusal(lambda: list(self.stream(silence(), timeout=0.3)))
        ended.set()
        equal(error.code(), grpc.StatusCode.DEADLINE_EXCEEDED)

    def case_health_check_and_watch(self):
        request = self.api.message("grpc.health.v1.HealthCheckRequest")
        response = self.api.message("grpc.health.v1.HealthCheckResponse")
        check = raw(self.channel, "unary_unary", "/grpc.health.v1.Health/Check", request, response)
        equal(check(request(service="quota.v1.QuotaService"), timeout=PATIENCE_S).status, 1)
        equal(refusal(lambda: check(request(service="nothing"), timeout=PATIENCE_S)).code(), grpc.StatusCode.NOT_FOUND)
        watch = raw(self.channel, "unary_stream", "/grpc.health.v1.Health/Watch", request, response)(request(), timeout=PATIENCE_S)
        equal(next(watch).status, 1)
        watch.cancel()


def main():
    failed = 0
    with grpc.insecure_channel(TARGET) as channel:
        cases = Cases(channel)
        for method in [name for name in dir(cases) if name.startswith("case_")]:
            name = method.removeprefix("case_").replace("_", " ")
            try:
                getattr(cases, method)()
                print(f"ok {name}")
            except Exception as error:
                failed += 1
                print(f"not ok {name}: {error!r}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
