namespace Quota.Simulator;

/// <summary>What a simulation found.</summary>
public sealed class SimulationFailure(string message) : Exception(message);
