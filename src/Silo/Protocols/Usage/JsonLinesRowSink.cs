using System.Buffers;
using System.Text;
using Quota.Contracts.V1;
using Quota.Silo.Protocols.Admin;

namespace Quota.Silo.Protocols.Usage;

/// <summary>Rows as lines of JSON in the answer to a request, which begins with the first flush. Belongs to the request.</summary>
internal sealed class JsonLinesRowSink(HttpContext http) : IUsageRowSink
{
    private readonly ArrayBufferWriter<byte> _lines = new(64 * 1024);

    public void Write(UsageRow row)
    {
        Encoding.UTF8.GetBytes(AdminJson.Write(row), _lines);
        _lines.Write("\n"u8);
    }

    public async ValueTask<bool> FlushAsync()
    {
        if (!http.Response.HasStarted)
        {
            http.Response.ContentType = "application/jsonl";
        }
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            // Kestrel ends connections that take the answer too slowly.
            await http.Response.BodyWriter.WriteAsync(_lines.WrittenMemory, http.RequestAborted).ConfigureAwait(false);
        }
        _lines.ResetWrittenCount();
        return true;
    }
}
