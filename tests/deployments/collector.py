"""A collector of traces, as OpenTelemetry's protocol over HTTP has it."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector:
    """Takes what is sent to `url`. `raw`: the bytes of it; `spans`: decoded."""

    def __init__(self):
        self.raw, self.spans, self.about = b"", [], {}
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                collector.take(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200 if self.path == "/v1/traces" else 404)
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def take(self, body):
        self.raw += body
        for told in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.about |= {a.key: a.value.string_value for a in told.resource.attributes}
            self.spans += [span for scope in told.scope_spans for span in scope.spans]

    def named(self, name):
        """The one span of that name."""
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def said(span):
    """A span's attributes as plain values."""
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in span.attributes}
