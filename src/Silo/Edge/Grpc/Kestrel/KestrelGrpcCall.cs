using System.Buffers;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Quota.Silo.Edge.Grpc.Kestrel;

/// <summary>
/// A call on Kestrel's HTTP/2. Kestrel keeps the object with its own stream object and reuses both, so nearly nothing is
/// allocated per call.
/// <para>
/// Safety: a call belongs to one HTTP/2 stream, and the stream to one request at a time. <see cref="Start"/>,
/// <see cref="End"/> and <see cref="Release"/> are called by that request's flow. Reading and writing may run at once: they share
/// only <see cref="_wrote"/> (written by the writing side, read after both ended) and the cancellation, which a stream arms
/// before its handler starts.
/// </para>
/// </summary>
internal sealed class KestrelGrpcCall : IGrpcCall
{
    private static readonly string[] StatusCodes = [.. Enumerable.Range(0, 17).Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture))];

    private readonly GrpcMessageReader _reader = new();
    private readonly GrpcMessageWriter _writer = new();
    private readonly CallCancellation _cancellation = new();
    private readonly CancellationToken _draining;
    private IFeatureCollection _features = null!;
    private IHttpRequestFeature _request = null!;
    private IHttpResponseFeature _response = null!;
    private IHttpResponseBodyFeature _body = null!;
    private CancellationTokenSource? _readCancel;
    private List<KeyValuePair<string, string>>? _trailers;
    private long _deadlineTicks;
    private bool _wrote;

    /// <param name="draining">Fires when the silo begins to stop.</param>
    public KestrelGrpcCall(CancellationToken draining) => _draining = draining;

    public IHttpRequestFeature Request => _request;

    public IHttpResponseFeature HttpResponse => _response;

    /// <summary>The method being served; decides what <see cref="KestrelGrpcApplication.DisposeContext"/> gives back.</summary>
    public GrpcMethod? Method { get; private set; }

    public TimeSpan? TimeLeft => _deadlineTicks == 0 ? null : TimeSpan.FromMilliseconds(Math.Max(0, _deadlineTicks - Environment.TickCount64));

    public CancellationToken Cancellation => _cancellation.Token(_features.Get<IHttpRequestLifetimeFeature>()!.RequestAborted, TimeLeft);

    public CancellationToken Draining => _draining;

    public IBufferWriter<byte> Response => _writer;

    /// <summary>Whether the caller may be silent for as long as it likes.</summary>
    internal bool MayBeSilent { get; private set; }

    /// <summary>Takes over the next request of the stream.</summary>
    public void Attach(IFeatureCollection features)
    {
        _features = features;
        _request = features.Get<IHttpRequestFeature>()!;
        _response = features.Get<IHttpResponseFeature>()!;
        _body = features.Get<IHttpResponseBodyFeature>()!;
    }

    /// <summary>Prepares the call for its handler.</summary>
    /// <param name="method">The method to serve.</param>
    /// <param name="gzip">The caller compresses, and is answered in kind.</param>
    /// <param name="timeoutMs">Time until its deadline, or -1.</param>
    public void Start(GrpcMethod method, bool gzip, long timeoutMs)
    {
        Method = method;
        _deadlineTicks = timeoutMs < 0 ? 0 : Environment.TickCount64 + timeoutMs;
        _reader.Start(_features.Get<IRequestBodyPipeFeature>()!.Reader, gzip, method.Kind != GrpcMethodKind.Duplex);
        _writer.Gzip = gzip && AcceptsGzip();
        if (_writer.Gzip)
        {
            _response.Headers.GrpcEncoding = GrpcGzip.Name;
        }
        if (method.Kind != GrpcMethodKind.Unary)
        {
            // A stream may be silent for hours; Kestrel would end the whole connection for it.
            _features.Get<IHttpMinRequestBodyDataRateFeature>()!.MinDataRate = null;
            MayBeSilent = true;
            _readCancel = CancellationTokenSource.CreateLinkedTokenSource(Cancellation, _draining);
        }
    }

    public string? Peer => _features.Get<IHttpConnectionFeature>()?.RemoteIpAddress?.ToString();

    public string? Metadata(string name)
    {
        Microsoft.Extensions.Primitives.StringValues values = _request.Headers[name];
        return values.Count == 0 ? null : values.ToString();
    }

    public void SetHeader(string name, string value) => _response.Headers[name] = value;

    public void SetTrailer(string name, string value) => (_trailers ??= []).Add(new(name, value));

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<GrpcRead> ReadAsync()
    {
        CancellationToken cancel = _readCancel?.Token ?? (_deadlineTicks == 0 ? CancellationToken.None : Cancellation);
        try
        {
            return await _reader.ReadAsync(cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            return GrpcRead.Failed(Interruption ?? new GrpcStatus(GrpcStatusCode.Cancelled, "the caller is gone"));
        }
    }

    public void EndMessage()
    {
        _wrote = true;
        _writer.EndMessage(_body.Writer);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask FlushAsync()
    {
        if (!_response.HasStarted)
        {
            await _body.StartAsync(CancellationToken.None).ConfigureAwait(false);
        }
        await _body.Writer.FlushAsync(CancellationToken.None).ConfigureAwait(false);
    }

    public void Abort() => _features.Get<IHttpRequestLifetimeFeature>()!.Abort();

    /// <summary>Why a wait inside the call was ended from outside; null if it was not.</summary>
    public GrpcStatus? Interruption
    {
        get
        {
            if (_features.Get<IHttpRequestLifetimeFeature>()!.RequestAborted.IsCancellationRequested)
            {
                return new GrpcStatus(GrpcStatusCode.Cancelled, "the caller is gone");
            }
            if (_deadlineTicks != 0 && Cancellation.IsCancellationRequested)
            {
                return new GrpcStatus(GrpcStatusCode.DeadlineExceeded, "the deadline passed");
            }
            return _draining.IsCancellationRequested ? new GrpcStatus(GrpcStatusCode.Unavailable, "this silo is draining") : null;
        }
    }

    /// <summary>Ends the call: status in the headers if nothing was sent yet (trailers-only), otherwise after the last message.</summary>
    public void End(in GrpcStatus status)
    {
        FinishReading();
        Microsoft.AspNetCore.Http.IHeaderDictionary? target = _response.Headers;
        if (_response.HasStarted || _wrote)
        {
            target = _features.Get<IHttpResponseTrailersFeature>()?.Trailers;
            if (target is null || target.IsReadOnly)
            {
                return;
            }
        }
        foreach ((string name, string value) in _trailers ?? [])
        {
            target[name] = value;
        }
        target.GrpcStatus = StatusCodes[(int)status.Code];
        if (!string.IsNullOrEmpty(status.Message))
        {
            target.GrpcMessage = GrpcMetadata.EncodeMessage(status.Message);
        }
    }

    /// <summary>Gives back what the request held.</summary>
    public void Release()
    {
        _reader.Release();
        _writer.Release();
        _readCancel?.Dispose();
        _readCancel = null;
        _cancellation.Release();
        _trailers = null;
        _deadlineTicks = 0;
        _wrote = false;
        MayBeSilent = false;
        Method = null;
        _features = null!;
    }

    /// <summary>Kestrel takes the request's pipe back when the call's flow ends; advancing it in <see cref="Release"/> would throw, once per call.</summary>
    private void FinishReading()
    {
        try
        {
            _reader.Finish();
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The caller is gone, and the pipe with it: there is nothing left to give back.
        }
    }

    private bool AcceptsGzip() => Metadata("grpc-accept-encoding")?.Contains(GrpcGzip.Name, StringComparison.Ordinal) == true;
}
