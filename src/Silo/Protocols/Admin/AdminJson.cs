using System.Buffers;
using System.Text;
using System.Text.Unicode;
using Google.Protobuf;
using Quota.Contracts;
using Quota.Silo.Definitions;
using Quota.Silo.Edge.Http;

namespace Quota.Silo.Protocols.Admin;

/// <summary>The canonical JSON of protobuf messages, with the fields' original names.</summary>
internal static class AdminJson
{
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true));

    /// <summary>The message on one line.</summary>
    public static string Write(IMessage message) => Formatter.Format(message);

    /// <summary>The message of a text, or what is wrong with it. Unknown fields are errors.</summary>
    public static (TMessage? Message, DefinitionError? Error) Read<TMessage>(in ReadOnlySequence<byte> utf8)
        where TMessage : class, IMessage, new()
    {
        byte[] bytes = utf8.ToArray();
        if (!Utf8.IsValid(bytes))
        {
            return (null, new DefinitionError(DefinitionErrorCode.Invalid, "body", "is not UTF-8"));
        }
        try
        {
            return (JsonParser.Default.Parse<TMessage>(Encoding.UTF8.GetString(bytes)), null);
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException or FormatException or OverflowException or ArgumentException or InvalidOperationException)
        {
            const string Unknown = "Unknown field: ";
            return e.Message.StartsWith(Unknown, StringComparison.Ordinal)
                ? (null, new DefinitionError(DefinitionErrorCode.Invalid, e.Message[Unknown.Length..], "there is no such field"))
                : (null, new DefinitionError(DefinitionErrorCode.Invalid, "body", e.Message));
        }
    }

    /// <summary>Reads the whole body as one message; on null the request has been answered.</summary>
    public static async ValueTask<TMessage?> ReadBodyAsync<TMessage>(HttpContext http)
        where TMessage : class, IMessage, new()
    {
        System.IO.Pipelines.ReadResult read = await http.Request.BodyReader.ReadAtLeastAsync(Bounds.MessageBytesMax + 1, http.RequestAborted).ConfigureAwait(false);
        if (read.Buffer.Length > Bounds.MessageBytesMax)
        {
            http.Request.BodyReader.AdvanceTo(read.Buffer.End);
            await ProblemDocument.WriteAsync(http, StatusCodes.Status413PayloadTooLarge, $"the body must be at most {Bounds.MessageBytesMax} bytes").ConfigureAwait(false);
            return null;
        }
        (TMessage? message, DefinitionError? error) = Read<TMessage>(read.Buffer);
        http.Request.BodyReader.AdvanceTo(read.Buffer.End);
        if (error is not null)
        {
            await AdminErrors.WriteAsync(http, error).ConfigureAwait(false);
        }
        return message;
    }

    /// <summary>Answers with a message.</summary>
    public static async Task WriteAsync(HttpContext http, IMessage message, int status = StatusCodes.Status200OK)
    {
        byte[] body = Encoding.UTF8.GetBytes(Write(message) + "\n");
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await http.Response.BodyWriter.WriteAsync(body, http.RequestAborted).ConfigureAwait(false);
        }
    }
}
