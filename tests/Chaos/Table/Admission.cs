namespace Quota.Chaos.Table;

/// <summary>A unit that was admitted. It was counted at some instant between the two, on the harness's own clock, which never steps.</summary>
/// <param name="Asked">When the check was sent, in seconds.</param>
/// <param name="Answered">When its answer had arrived, in seconds.</param>
/// <param name="Silo">Which silo answered.</param>
internal readonly record struct Admission(double Asked, double Answered, int Silo);
