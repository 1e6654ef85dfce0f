using Quota.Contracts;
using Quota.Grains.Model;
using Quota.Silo.Execution;
using Quota.Silo.Limiting;

namespace Quota.Silo.Cluster.Forwarding;

/// <summary>
/// The way to one other silo. Checks that come while calls are under way are collected and leave as one batch.
/// <para>
/// Safety. A check is in exactly one batch, and a batch is sent at most once. What was not sent is decided here, which is always
/// right: the owner has not seen it. Of what was sent and not answered nobody knows whether it was counted: it is decided once more
/// only if that counts nothing twice, and otherwise answered by the namespace's failure policy. A lane whose call was not answered
/// closes: until an empty batch is answered, checks are decided here, so that a silo that has died takes down only the checks that
/// were on their way to it. The lock covers the batch being filled, the count of calls and whether the lane is open; no call, no
/// decision and no completion happens under it.
/// </para>
/// </summary>
internal sealed class ForwardLane : IDisposable
{
    private readonly Lock _lock = new();
    private readonly PartitionMember _owner;
    private readonly IPartitionTransport _transport;
    private readonly CheckFallback _fallback;
    private readonly PartitionEpochTable _epochs;
    private readonly TimeProvider _time;
    private readonly TimeSpan _timeout;
    private readonly CancellationTokenSource _left = new();
    private ForwardBatch _filling = new();
    private int _calls;
    private bool _isScheduled;
    private bool _isOpen;

    /// <param name="owner">The silo at the other end.</param>
    /// <param name="transport">Gets there.</param>
    /// <param name="fallback">Decides here.</param>
    /// <param name="epochs">Learns the epochs that answers name.</param>
    /// <param name="settings">The time-out.</param>
    /// <param name="time">For time-outs.</param>
    public ForwardLane(PartitionMember owner, IPartitionTransport transport, CheckFallback fallback, PartitionEpochTable epochs, PartitionSettings settings, TimeProvider time)
    {
        _owner = owner;
        _transport = transport;
        _fallback = fallback;
        _epochs = epochs;
        _time = time;
        _timeout = TimeSpan.FromMilliseconds(settings.TimeoutMs);
    }

    /// <summary>The owner answered the last time it was asked.</summary>
    public bool IsOpen => Volatile.Read(ref _isOpen);

    /// <summary>Starts to find out whether the owner answers; the lane opens when it does.</summary>
    public void Start() => _ = Task.Run(OpenAsync);

    /// <summary>Takes a check along; its decision is completed by <see cref="ForwardedCall.Result"/>. Never waits.</summary>
    /// <returns>False if the check has to be decided here; then nothing has happened.</returns>
    public bool TryAdd(in GrainCommand command, Decision decision, int partition)
    {
        if (!IsOpen)
        {
            return false;
        }
        PlanModel[] levels = ForwardedCall.LevelsOf(command);
        lock (_lock)
        {
            if (!_isOpen || _filling.TryAdd(command, decision.KeyTreatment, levels, partition, _epochs[partition]) is not { } call)
            {
                return false;
            }
            decision.Elsewhere = call.Result;
            Schedule();
        }
        return true;
    }

    /// <summary>The silo has left the map. What is on its way is still answered.</summary>
    public void Dispose()
    {
        _left.Cancel();
        Close();
    }

    /// <summary>Under the lock.</summary>
    private void Schedule()
    {
        if (!_isScheduled && _calls < Bounds.ForwardCallsPerOwnerMax && _filling.Calls.Count > 0)
        {
            _isScheduled = true;
            ThreadPool.UnsafeQueueUserWorkItem(static lane => _ = lane.SendAsync(), this, preferLocal: false);
        }
    }

    private async Task SendAsync()
    {
        ForwardBatch batch;
        lock (_lock)
        {
            _isScheduled = false;
            batch = _filling;
            if (batch.Calls.Count == 0)
            {
                return;
            }
            _filling = new ForwardBatch();
            _calls++;
        }
        ReadOnlyMemory<byte>? answer = await CallAsync(batch.Seal()).ConfigureAwait(false);
        lock (_lock)
        {
            _calls--;
            Schedule();
        }
        if (answer is null)
        {
            Close();
        }
        Answer(batch, answer);
    }

    private void Answer(ForwardBatch batch, ReadOnlyMemory<byte>? answer)
    {
        WireReader reader = new(answer.GetValueOrDefault().Span);
        bool isRead = ForwardedAnswer.TryReadBatchHead(ref reader, out bool isRefused, out int answers);
        foreach (ForwardedCall call in batch.Calls)
        {
            if (isRead && isRefused)
            {
                _fallback.Decide(call);
            }
            else if (!isRead || answers != batch.Calls.Count || !ForwardedAnswer.TryRead(reader.Frame(), call, out ForwardedOutcome outcome, out long epoch))
            {
                _fallback.DecideUnanswered(call);
            }
            else if (outcome == ForwardedOutcome.Answered)
            {
                _epochs.Learn(call.Partition, epoch);
                call.Complete();
            }
            else if (outcome == ForwardedOutcome.Busy)
            {
                call.Reset();
                call.Decision.Fail(DecisionStatus.Overloaded, "the silo that owns the key has no room for the work now");
                call.Complete();
            }
            else
            {
                _fallback.Decide(call);
            }
        }
    }

    private async Task<ReadOnlyMemory<byte>?> CallAsync(ReadOnlyMemory<byte> batch)
    {
        using var deadline = new CancellationTokenSource(_timeout, _time);
        try
        {
            return await _transport.SendAsync(_owner, batch, deadline.Token).AsTask().WaitAsync(deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>What was not sent is decided here.</summary>
    private void Close()
    {
        ForwardBatch unsent;
        bool wasOpen;
        lock (_lock)
        {
            wasOpen = _isOpen;
            _isOpen = false;
            unsent = _filling;
            _filling = new ForwardBatch();
        }
        foreach (ForwardedCall call in unsent.Calls)
        {
            _fallback.Decide(call);
        }
        if (wasOpen && !_left.IsCancellationRequested)
        {
            Start();
        }
    }

    private async Task OpenAsync()
    {
        try
        {
            while (!_left.IsCancellationRequested)
            {
                if (await CallAsync(new ForwardBatch().Seal()).ConfigureAwait(false) is not null)
                {
                    lock (_lock)
                    {
                        _isOpen = !_left.IsCancellationRequested;
                    }
                    return;
                }
                await Task.Delay(TimeSpan.FromMilliseconds(Bounds.ForwardProbeIntervalMs), _time, _left.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The silo has left the map.
        }
    }
}
