using Google.Protobuf;
using Google.Protobuf.Reflection;
using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Silo.Definitions;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Store;

namespace Quota.Silo.Protocols.Admin;

/// <summary><c>quota.v1.AdminService</c>: translates, nothing else.</summary>
internal sealed class AdminService : IGrpcService
{
    private readonly DefinitionService _definitions;

    public AdminService(DefinitionService definitions)
    {
        _definitions = definitions;
        Methods =
        [
            GrpcMessages.Unary("CreateNamespace", CreateNamespaceRequest.Parser, (r, c) => CreateAsync(c, r.Namespace is { } o ? new Definition { Namespace = o } : null)),
            GrpcMessages.Unary("GetNamespace", GetNamespaceRequest.Parser, (r, c) => GetAsync(c, DefinitionId.OfNamespace(r.Name))),
            GrpcMessages.Unary("ListNamespaces", ListNamespacesRequest.Parser, ListNamespacesAsync),
            GrpcMessages.Unary("ReplaceNamespace", ReplaceNamespaceRequest.Parser, (r, c) => ReplaceAsync(c, r.Namespace is { } o ? new Definition { Namespace = o } : null, r.Namespace?.Etag)),
            GrpcMessages.Unary("DeleteNamespace", DeleteNamespaceRequest.Parser, (r, c) => DeleteAsync(c, DefinitionId.OfNamespace(r.Name), r.Etag)),
            GrpcMessages.Unary("CreatePlan", CreatePlanRequest.Parser, (r, c) => CreateAsync(c, r.Plan is { } o ? new Definition { Plan = o } : null)),
            GrpcMessages.Unary("GetPlan", GetPlanRequest.Parser, (r, c) => GetAsync(c, DefinitionId.OfPlan(r.Namespace, r.Name))),
            GrpcMessages.Unary("ListPlans", ListPlansRequest.Parser, ListPlansAsync),
            GrpcMessages.Unary("ReplacePlan", ReplacePlanRequest.Parser, (r, c) => ReplaceAsync(c, r.Plan is { } o ? new Definition { Plan = o } : null, r.Plan?.Etag)),
            GrpcMessages.Unary("DeletePlan", DeletePlanRequest.Parser, (r, c) => DeleteAsync(c, DefinitionId.OfPlan(r.Namespace, r.Name), r.Etag)),
            GrpcMessages.Unary("CreateKey", CreateKeyRequest.Parser, (r, c) => CreateAsync(c, r.Key is { } o ? new Definition { Key = o } : null)),
            GrpcMessages.Unary("GetKey", GetKeyRequest.Parser, (r, c) => GetAsync(c, DefinitionId.OfKey(r.Namespace, r.Name))),
            GrpcMessages.Unary("ListKeys", ListKeysRequest.Parser, ListKeysAsync),
            GrpcMessages.Unary("ReplaceKey", ReplaceKeyRequest.Parser, (r, c) => ReplaceAsync(c, r.Key is { } o ? new Definition { Key = o } : null, r.Key?.Etag)),
            GrpcMessages.Unary("DeleteKey", DeleteKeyRequest.Parser, (r, c) => DeleteAsync(c, DefinitionId.OfKey(r.Namespace, r.Name), r.Etag)),
            GrpcMessages.Unary("EraseKey", EraseKeyRequest.Parser, EraseKeyAsync),
            GrpcMessages.Unary("ListAudit", ListAuditRequest.Parser, ListAuditAsync),
            GrpcMessages.ServerStreaming("Export", ExportRequest.Parser, ExportAsync),
            new GrpcMethod("Import", GrpcMethodKind.Duplex, ImportAsync, GrpcAdmission.Stream),
        ];
    }

    public string FullName => "quota.v1.AdminService";

    public FileDescriptor File => AdminReflection.Descriptor;

    public IReadOnlyList<GrpcMethod> Methods { get; }

    private async ValueTask<(IMessage? Response, GrpcStatus Status)> CreateAsync(IGrpcCall call, Definition? definition)
    {
        if (definition is null)
        {
            return (null, Missing);
        }
        return Actor(call, out string actor) is { } refused
            ? (null, AdminErrors.Status(refused))
            : Answer(await _definitions.CreateAsync(definition, actor, call.Cancellation).ConfigureAwait(false));
    }

    private async ValueTask<(IMessage? Response, GrpcStatus Status)> ReplaceAsync(IGrpcCall call, Definition? definition, string? etag)
    {
        if (definition is null)
        {
            return (null, Missing);
        }
        return Actor(call, out string actor) is { } refused
            ? (null, AdminErrors.Status(refused))
            : Answer(await _definitions.ReplaceAsync(definition, etag ?? "", actor, call.Cancellation).ConfigureAwait(false));
    }

    private async ValueTask<(IMessage? Response, GrpcStatus Status)> DeleteAsync(IGrpcCall call, DefinitionId id, string etag)
    {
        if (Actor(call, out string actor) is { } refused)
        {
            return (null, AdminErrors.Status(refused));
        }
        DefinitionResult result = await _definitions.DeleteAsync(id, etag, actor, call.Cancellation).ConfigureAwait(false);
        return result.Error is { } error ? (null, AdminErrors.Status(error)) : (new DeleteResponse(), GrpcStatus.Ok);
    }

    private async ValueTask<(IMessage? Response, GrpcStatus Status)> EraseKeyAsync(EraseKeyRequest request, IGrpcCall call)
    {
        if (Actor(call, out string actor) is { } refused)
        {
            return (null, AdminErrors.Status(refused));
        }
        (string? pseudonym, DefinitionError? error) = await _definitions.EraseAsync(DefinitionId.OfKey(request.Namespace, request.Name), actor, call.Cancellation).ConfigureAwait(false);
        return error is null ? (new EraseKeyResponse { Pseudonym = pseudonym, Remains = { _definitions.RemainsOfErased } }, GrpcStatus.Ok) : (null, AdminErrors.Status(error));
    }

    private async ValueTask<(IMessage? Response, GrpcStatus Status)> GetAsync(IGrpcCall call, DefinitionId id) =>
        Answer(await _definitions.GetAsync(id, call.Cancellation).ConfigureAwait(false));

    private async ValueTask<(IMessage? Response, GrpcStatus Status)> ListNamespacesAsync(ListNamespacesRequest request, IGrpcCall call)
    {
        DefinitionPage<Definition> page = await _definitions.Reader.ListAsync(DefinitionKind.Namespace, "", request.PageSize, request.PageToken, null, call.Cancellation).ConfigureAwait(false);
        return Answer(page, AdminPages.Namespaces);
    }

    private async ValueTask<(IMessage? Response, GrpcStatus Status)> ListPlansAsync(ListPlansRequest request, IGrpcCall call)
    {
        DefinitionPage<Definition> page = await _definitions.Reader.ListAsync(DefinitionKind.Plan, request.Namespace, request.PageSize, request.PageToken, null, call.Cancellation).ConfigureAwait(false);
        return Answer(page, AdminPages.Plans);
    }

    private async ValueTask<(IMessage? Response, GrpcStatus Status)> ListKeysAsync(ListKeysRequest request, IGrpcCall call)
    {
        DefinitionPage<Definition> page = await _definitions.Reader.ListAsync(DefinitionKind.Key, request.Namespace, request.PageSize, request.PageToken, request.Filter, call.Cancellation).ConfigureAwait(false);
        return Answer(page, AdminPages.Keys);
    }

    private async ValueTask<(IMessage? Response, GrpcStatus Status)> ListAuditAsync(ListAuditRequest request, IGrpcCall call) =>
        Answer(await _definitions.Reader.ListAuditAsync(request, call.Cancellation).ConfigureAwait(false), AdminPages.Audit);

    private async ValueTask<GrpcStatus> ExportAsync(ExportRequest request, IGrpcCall call)
    {
        try
        {
            int unsent = 0;
            await foreach (Definition definition in _definitions.Reader.ExportAsync(request.Namespace, call.Cancellation).ConfigureAwait(false))
            {
                call.EndMessage(definition);
                if ((unsent += definition.CalculateSize()) > Bounds.StreamUnflushedBytesMax)
                {
                    await call.FlushAsync().ConfigureAwait(false);
                    unsent = 0;
                }
            }
            await call.FlushAsync().ConfigureAwait(false);
            return GrpcStatus.Ok;
        }
        catch (StoreException e)
        {
            return new GrpcStatus(GrpcStatusCode.Unavailable, e.Message);
        }
    }

    private async ValueTask<GrpcStatus> ImportAsync(IGrpcCall call)
    {
        if (Actor(call, out string actor) is { } refused)
        {
            return AdminErrors.Status(refused);
        }
        DefinitionImport? import = null;
        while (true)
        {
            (ImportRequest? request, GrpcStatus status) = await call.ReadMessageAsync(ImportRequest.Parser).ConfigureAwait(false);
            if (!status.IsOk)
            {
                return status;
            }
            import ??= new DefinitionImport(_definitions, new ChangeRequest(Source.Api, actor, request?.KeepGoing ?? false, request?.DryRun ?? false), ReportAsync);
            if (request is null)
            {
                break;
            }
            if (request.Definitions.Count > Bounds.ImportDefinitionsPerMessageMax)
            {
                return new GrpcStatus(GrpcStatusCode.InvalidArgument, $"definitions: has {request.Definitions.Count}: must have at most {Bounds.ImportDefinitionsPerMessageMax}");
            }
            foreach (Definition definition in request.Definitions)
            {
                if (await import.AddAsync(definition, call.Cancellation).ConfigureAwait(false) is { } error)
                {
                    return AdminErrors.Status(error);
                }
            }
        }
        DefinitionError? fault = await import.FinishAsync(call.Cancellation).ConfigureAwait(false);
        return fault is null ? GrpcStatus.Ok : AdminErrors.Status(fault);

        async ValueTask ReportAsync(ImportProgress progress)
        {
            call.EndMessage(progress);
            await call.FlushAsync().ConfigureAwait(false);
        }
    }

    private static GrpcStatus Missing => new(GrpcStatusCode.InvalidArgument, "request: has no object");

    private static DefinitionError? Actor(IGrpcCall call, out string actor) => AdminErrors.Actor(call.Metadata(AdminErrors.ActorHeader), call.Peer, out actor);

    private static (IMessage? Response, GrpcStatus Status) Answer(DefinitionResult result) =>
        result.Error is { } error ? (null, AdminErrors.Status(error)) : (DefinitionContent.Object(result.Value!), GrpcStatus.Ok);

    private static (IMessage? Response, GrpcStatus Status) Answer<TItem>(in DefinitionPage<TItem> page, Func<DefinitionPage<TItem>, IMessage> message) =>
        page.Error is { } error ? (null, AdminErrors.Status(error)) : (message(page), GrpcStatus.Ok);
}
