namespace Quota.Simulator;

/// <summary>Units a client gives back, once, however often it has to ask.</summary>
internal sealed class Refund
{
    public required int Number { get; init; }

    public required int Key { get; init; }

    public required long Units { get; init; }

    /// <summary>What was given back, by the answer; null while there is none.</summary>
    public long? Given { get; set; }

    public long GivenMin => Given ?? 0;

    public long GivenMax => Given ?? Units;
}
