using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Google.Protobuf;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Silo.Definitions;
using Quota.Silo.Edge.Http;
using Quota.Silo.Store;

namespace Quota.Silo.Protocols.Admin;

/// <summary>Import, export and the audit trail over HTTP: JSON Lines, a line at a time.</summary>
internal sealed class AdminBulkRoutes
{
    private const string JsonLines = "application/jsonl";

    private readonly DefinitionService _definitions;

    public AdminBulkRoutes(DefinitionService definitions)
    {
        _definitions = definitions;
        Routes =
        [
            new HttpRoute("POST", "/v1/import", ImportAsync),
            new HttpRoute("GET", "/v1/export", ExportAsync),
            new HttpRoute("GET", "/v1/audit", AuditAsync),
        ];
    }

    public IReadOnlyList<HttpRoute> Routes { get; }

    private async Task AuditAsync(HttpContext http)
    {
        var query = new AdminQuery(http);
        var request = new ListAuditRequest
        {
            Namespace = query.Text("namespace"),
            Key = query.Text("key"),
            PageSize = query.PageSize(),
            PageToken = query.Text("page_token"),
            FromUnixMs = query.Number("from_unix_ms"),
        };
        if (await query.IsRightAsync().ConfigureAwait(false))
        {
            DefinitionPage<AuditEntry> page = await _definitions.Reader.ListAuditAsync(request, http.RequestAborted).ConfigureAwait(false);
            await (page.Error is { } error ? AdminErrors.WriteAsync(http, error) : AdminJson.WriteAsync(http, AdminPages.Audit(page))).ConfigureAwait(false);
        }
    }

    private async Task ExportAsync(HttpContext http)
    {
        var query = new AdminQuery(http);
        string owner = query.Text("namespace");
        if (!await query.IsRightAsync().ConfigureAwait(false))
        {
            return;
        }
        http.Response.ContentType = JsonLines;
        try
        {
            await foreach (Definition definition in _definitions.Reader.ExportAsync(owner, http.RequestAborted).ConfigureAwait(false))
            {
                WriteLine(http.Response.BodyWriter, definition);
                if (http.Response.BodyWriter.UnflushedBytes > Bounds.StreamUnflushedBytesMax)
                {
                    await http.Response.BodyWriter.FlushAsync(http.RequestAborted).ConfigureAwait(false);
                }
            }
            await http.Response.BodyWriter.FlushAsync(http.RequestAborted).ConfigureAwait(false);
        }
        catch (StoreException e) when (!http.Response.HasStarted)
        {
            await AdminErrors.WriteAsync(http, new DefinitionError(DefinitionErrorCode.Unavailable, "", e.Message)).ConfigureAwait(false);
        }
    }

    private async Task ImportAsync(HttpContext http)
    {
        var query = new AdminQuery(http);
        bool keepGoing = query.Flag("keep_going");
        bool dryRun = query.Flag("dry_run");
        if (!await query.IsRightAsync().ConfigureAwait(false))
        {
            return;
        }
        if (AdminErrors.Actor(http.Request.Headers[AdminErrors.ActorHeader], http.Connection.RemoteIpAddress?.ToString(), out string actor) is { } refused)
        {
            await AdminErrors.WriteAsync(http, refused).ConfigureAwait(false);
            return;
        }
        // The body as a whole has no bound: its lines have, and what is held of it.
        http.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = null;
        http.Features.Get<IHttpMinRequestBodyDataRateFeature>()!.MinDataRate = null;
        http.Response.ContentType = JsonLines;
        var import = new DefinitionImport(_definitions, new ChangeRequest(Source.Api, actor, keepGoing, dryRun), ReportAsync);
        if (await ReadLinesAsync(http, import).ConfigureAwait(false) is { } error)
        {
            await import.AbandonAsync(error).ConfigureAwait(false);
            return;
        }
        await import.FinishAsync(http.RequestAborted).ConfigureAwait(false);

        async ValueTask ReportAsync(ImportProgress progress)
        {
            WriteLine(http.Response.BodyWriter, progress);
            await http.Response.BodyWriter.FlushAsync(http.RequestAborted).ConfigureAwait(false);
        }
    }

    /// <summary>Takes the body line by line. Returns why it cannot be read to its end, or null.</summary>
    private static async ValueTask<string?> ReadLinesAsync(HttpContext http, DefinitionImport import)
    {
        PipeReader body = http.Request.BodyReader;
        while (true)
        {
            ReadResult read = await body.ReadAsync(http.RequestAborted).ConfigureAwait(false);
            ReadOnlySequence<byte> rest = read.Buffer;
            while (TryLine(ref rest, read.IsCompleted, out ReadOnlySequence<byte> line))
            {
                if (await AddAsync(import, line, http.RequestAborted).ConfigureAwait(false) is { } error)
                {
                    body.AdvanceTo(read.Buffer.End);
                    return error.ToString();
                }
            }
            if (rest.Length > Bounds.MessageBytesMax)
            {
                body.AdvanceTo(read.Buffer.End);
                return $"line {import.Lines + 1} has more than {Bounds.MessageBytesMax} bytes";
            }
            body.AdvanceTo(rest.Start, rest.End);
            if (read.IsCompleted)
            {
                return null;
            }
        }
    }

    private static bool TryLine(ref ReadOnlySequence<byte> rest, bool isLast, out ReadOnlySequence<byte> line)
    {
        if (rest.PositionOf((byte)'\n') is { } end)
        {
            line = rest.Slice(0, end);
            rest = rest.Slice(rest.GetPosition(1, end));
            return true;
        }
        line = rest;
        if (!isLast || rest.IsEmpty)
        {
            return false;
        }
        rest = rest.Slice(rest.End);
        return true;
    }

    private static async ValueTask<DefinitionError?> AddAsync(DefinitionImport import, ReadOnlySequence<byte> line, CancellationToken cancellation)
    {
        if (IsBlank(line))
        {
            import.AddBlank();
            return null;
        }
        (Definition? definition, DefinitionError? error) = AdminJson.Read<Definition>(line);
        return await (definition is null ? import.AddMalformedAsync(error!.Field == "body" ? "" : error.Field, error.Message) : import.AddAsync(definition, cancellation)).ConfigureAwait(false);
    }

    private static bool IsBlank(in ReadOnlySequence<byte> line)
    {
        foreach (ReadOnlyMemory<byte> part in line)
        {
            if (part.Span.ContainsAnyExcept(" \t\r"u8))
            {
                return false;
            }
        }
        return true;
    }

    private static void WriteLine(PipeWriter output, IMessage message)
    {
        Encoding.UTF8.GetBytes(AdminJson.Write(message), output);
        output.Write("\n"u8);
    }
}
