using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;

namespace Quota.Silo.Edge.Http;

/// <summary>Errors over HTTP: RFC 9457 problem documents.</summary>
public static class ProblemDocument
{
    /// <summary>The media type.</summary>
    public const string ContentType = "application/problem+json";

    /// <summary>Answers with a problem, unless the answer has begun.</summary>
    /// <param name="http">The request.</param>
    /// <param name="status">HTTP status code.</param>
    /// <param name="detail">What is wrong, in a sentence.</param>
    /// <param name="field">The field of the request it is about, if it is about one.</param>
    public static async Task WriteAsync(HttpContext http, int status, string detail, string? field = null)
    {
        if (http.Response.HasStarted)
        {
            return;
        }
        ArrayBufferWriter<byte> body = new(256);
        using (Utf8JsonWriter json = new(body))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "about:blank"u8);
            json.WriteString("title"u8, ReasonPhrases.GetReasonPhrase(status));
            json.WriteNumber("status"u8, status);
            json.WriteString("detail"u8, detail);
            if (field is not null)
            {
                json.WriteString("field"u8, field);
            }
            json.WriteEndObject();
        }
        http.Response.StatusCode = status;
        http.Response.ContentType = ContentType;
        http.Response.ContentLength = body.WrittenCount;
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await http.Response.BodyWriter.WriteAsync(body.WrittenMemory, http.RequestAborted).ConfigureAwait(false);
        }
    }
}
