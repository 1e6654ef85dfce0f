using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http.Features;

namespace Quota.Silo.Edge.Grpc.Kestrel;

/// <summary>
/// Serves registered gRPC services on Kestrel's HTTP/2, below ASP.NET's request pipeline. A request takes these steps:
/// 1. what is not gRPC is answered with an HTTP status; 2. the path names a method, the headers an encoding and a deadline;
/// 3. the silo has room; 4. the handler runs; 5. its status ends the call.
/// <para>Safety: immutable but for <see cref="LoadShedder"/>, which is thread-safe; everything else belongs to the call.</para>
/// </summary>
internal sealed class KestrelGrpcApplication : IHttpApplication<KestrelGrpcCall>
{
    private const string ContentType = "application/grpc";

    private readonly GrpcServiceTable _services;
    private readonly LoadShedder _shedder;
    private readonly RateLimitedLog _log;
    private readonly CancellationToken _draining;

    /// <param name="services">What is served.</param>
    /// <param name="shedder">Bounds the calls and streams in flight.</param>
    /// <param name="log">For handlers that throw.</param>
    /// <param name="draining">Fires when the silo begins to stop.</param>
    public KestrelGrpcApplication(GrpcServiceTable services, LoadShedder shedder, RateLimitedLog log, CancellationToken draining)
    {
        _services = services;
        _shedder = shedder;
        _log = log;
        _draining = draining;
    }

    public KestrelGrpcCall CreateContext(IFeatureCollection contextFeatures)
    {
        KestrelGrpcCall call;
        if (contextFeatures is IHostContextContainer<KestrelGrpcCall> container)
        {
            call = container.HostContext ??= new KestrelGrpcCall(_draining);
        }
        else
        {
            call = new KestrelGrpcCall(_draining);
        }
        call.Attach(contextFeatures);
        return call;
    }

    public void DisposeContext(KestrelGrpcCall context, Exception? exception) => context.Release();

    public Task ProcessRequestAsync(KestrelGrpcCall context)
    {
        // 1. Not gRPC: no gRPC status either.
        IHttpResponseFeature response = context.HttpResponse;
        if (!string.Equals(context.Request.Method, "POST", StringComparison.Ordinal))
        {
            response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            response.Headers.Allow = "POST";
            return Task.CompletedTask;
        }
        if (!IsGrpc(context.Request.Headers.ContentType.ToString()))
        {
            response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return Task.CompletedTask;
        }
        response.Headers.ContentType = ContentType;

        // 2. and 3.
        GrpcStatus refused = Begin(context);
        if (context.Method is not { } method)
        {
            context.End(refused);
            return Task.CompletedTask;
        }

        // 4. and 5.
        return ServeAsync(context, method);
    }

    private GrpcStatus Begin(KestrelGrpcCall call)
    {
        if (_services.Find(call.Request.Path) is not { } method)
        {
            return _services.Unknown(call.Request.Path);
        }
        string encoding = call.Request.Headers.GrpcEncoding.ToString();
        bool gzip = string.Equals(encoding, GrpcGzip.Name, StringComparison.Ordinal);
        if (!gzip && encoding is not ("" or "identity"))
        {
            call.SetHeader("grpc-accept-encoding", "identity,gzip");
            return new GrpcStatus(GrpcStatusCode.Unimplemented, $"grpc-encoding: {encoding} is not supported, use identity or gzip");
        }
        long timeoutMs = -1;
        string timeout = call.Request.Headers.GrpcTimeout.ToString();
        if (timeout.Length > 0 && !GrpcTimeout.TryParse(timeout, out timeoutMs))
        {
            return new GrpcStatus(GrpcStatusCode.InvalidArgument, "grpc-timeout: must be 1 to 8 digits and one of H M S m u n");
        }
        if (timeoutMs == 0)
        {
            return new GrpcStatus(GrpcStatusCode.DeadlineExceeded, "the deadline passed");
        }
        if (!Admit(method.Admission))
        {
            return new GrpcStatus(GrpcStatusCode.ResourceExhausted, "this silo has all the calls in flight it takes; try another, or again in a moment");
        }
        call.Start(method, gzip, timeoutMs);
        return GrpcStatus.Ok;
    }

    private async Task ServeAsync(KestrelGrpcCall call, GrpcMethod method)
    {
        GrpcStatus status;
        try
        {
            if (method.Kind == GrpcMethodKind.Duplex)
            {
                // The caller of a stream waits for the headers before it sends.
                await call.FlushAsync().ConfigureAwait(false);
            }
            status = await method.Handler(call).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (call.Interruption is not null)
        {
            status = call.Interruption!.Value;
        }
        catch (Exception e)
        {
            // A handler's fault ends its call, never its neighbours'.
            _log.Error($"gRPC {method.Name} {e.GetType().Name}", e);
            status = new GrpcStatus(GrpcStatusCode.Internal, "an internal fault; it is in this silo's log");
        }
        finally
        {
            Leave(method.Admission);
        }
        call.End(status);
    }

    private bool Admit(GrpcAdmission admission) => admission switch
    {
        GrpcAdmission.Call => _shedder.TryEnterCall(),
        GrpcAdmission.Stream => _shedder.TryEnterStream(),
        _ => true,
    };

    private void Leave(GrpcAdmission admission)
    {
        if (admission == GrpcAdmission.Call)
        {
            _shedder.LeaveCall();
        }
        else if (admission == GrpcAdmission.Stream)
        {
            _shedder.LeaveStream();
        }
    }

    private static bool IsGrpc(string contentType)
    {
        ReadOnlySpan<char> type = contentType.AsSpan();
        int parameters = type.IndexOf(';');
        type = (parameters < 0 ? type : type[..parameters]).Trim();
        return type.Equals(ContentType, StringComparison.OrdinalIgnoreCase) || type.Equals("application/grpc+proto", StringComparison.OrdinalIgnoreCase);
    }
}
