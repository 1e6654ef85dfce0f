using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Quota.Contracts;
using Quota.Silo.Edge.Http;

namespace Quota.Silo.Protocols.Json;

/// <summary>The body of one request, and as much room again for the text that is unescaped from it.</summary>
internal sealed class JsonBody : IDisposable
{
    private readonly byte[] _rented;
    private readonly int _length;

    private JsonBody(in ReadOnlySequence<byte> body)
    {
        _length = (int)body.Length;
        _rented = ArrayPool<byte>.Shared.Rent(2 * _length);
        body.CopyTo(_rented);
    }

    public ReadOnlySpan<byte> Text => _rented.AsSpan(0, _length);

    public Span<byte> Scratch => _rented.AsSpan(_length, _length);

    /// <summary>Reads the whole body; on null the request has been answered with what is wrong with it.</summary>
    public static async ValueTask<JsonBody?> ReadAsync(HttpContext http)
    {
        if (!IsJson(http.Request.ContentType))
        {
            await ProblemDocument.WriteAsync(http, StatusCodes.Status415UnsupportedMediaType, "the body must be application/json").ConfigureAwait(false);
            return null;
        }
        PipeReader reader = http.Request.BodyReader;
        ReadResult read = await reader.ReadAtLeastAsync(Bounds.JsonCheckBytesMax + 1, http.RequestAborted).ConfigureAwait(false);
        if (read.Buffer.Length > Bounds.JsonCheckBytesMax)
        {
            reader.AdvanceTo(read.Buffer.End);
            await ProblemDocument.WriteAsync(http, StatusCodes.Status413PayloadTooLarge, $"the body must be at most {Bounds.JsonCheckBytesMax} bytes").ConfigureAwait(false);
            return null;
        }
        JsonBody body = new(read.Buffer);
        reader.AdvanceTo(read.Buffer.End);
        return body;
    }

    /// <summary>Answers with one JSON value.</summary>
    public static async Task WriteAsync<TState>(HttpContext http, TState state, Action<Utf8JsonWriter, TState> write)
    {
        ArrayBufferWriter<byte> answer = new(512);
        using (Utf8JsonWriter json = new(answer))
        {
            write(json, state);
        }
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = answer.WrittenCount;
        await http.Response.BodyWriter.WriteAsync(answer.WrittenMemory, http.RequestAborted).ConfigureAwait(false);
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_rented);

    private static bool IsJson(string? contentType)
    {
        ReadOnlySpan<char> type = contentType.AsSpan();
        int parameters = type.IndexOf(';');
        return (parameters < 0 ? type : type[..parameters]).Trim().Equals("application/json", StringComparison.OrdinalIgnoreCase);
    }
}
