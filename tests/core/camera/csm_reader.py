"""A second, independent reader of CSM line-scan states, written from the format's description alone.

It shares no code with the package: plain Python loops over a state's own keys, one point at a time where that is clear.
"""

import json

import numpy as np


class StateReader:
    def __init__(self, text):
        model, body = text.split("\n", 1)
        assert model == "USGS_ASTRO_LINE_SCANNER_SENSOR_MODEL"
        self.j = json.loads(body)
        j = self.j
        self.positions = np.array(j["m_positions"]).reshape(-1, 3)
        self.quaternions = np.array(j["m_quaternions"]).reshape(-1, 4)
        assert j["m_numPositions"] == len(j["m_positions"])
        assert j["m_numQuaternions"] == len(j["m_quaternions"])

    def lagrange8(self, values, t0, dt, t):
        f = (np.asarray(t) - t0) / dt
        i = np.floor(f).astype(int)
        assert i.min() >= 3 and i.max() < len(values) - 4, "nodes too near the end of the table"
        result = 0.0
        for a in range(-3, 5):
            weight = np.ones_like(f)
            for b in range(-3, 5):
                if b != a:
                    weight = weight * (f - (i + b)) / (a - b)
            result = result + weight[:, None] * values[i + a]
        return result

    def time(self, line):
        j = self.j
        return j["m_intTimeStartTimes"][0] + j["m_intTimes"][0] * (line - j["m_intTimeLines"][0] + 0.5)

    def pose(self, line):
        j, t = self.j, self.time(line)
        position = self.lagrange8(self.positions, j["m_t0Ephem"], j["m_dtEphem"], t)
        q = self.lagrange8(self.quaternions, j["m_t0Quat"], j["m_dtQuat"], t)
        x, y, z, w = (q / np.linalg.norm(q, axis=1, keepdims=True)).T
        rotation = np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
            ]
        )
        return position, np.moveaxis(rotation, -1, 0)

    def focal_point(self, sample):
        """x, y (mm) of a detector of line 0: samples and lines are a0 + a1 x + a2 y from the origin."""
        j = self.j
        assert not any(j["m_opticalDistCoeffs"]) and j["m_distortionType"] == 0 and j["m_zDirection"] == 1
        detector = sample * j["m_detectorSampleSumming"] + j["m_startingDetectorSample"]
        a, b = j["m_iTransS"], j["m_iTransL"]
        along = detector - j["m_detectorSampleOrigin"] - a[0]
        across = j["m_startingDetectorLine"] - j["m_detectorLineOrigin"] - b[0]
        determinant = a[1] * b[2] - a[2] * b[1]
        return (along * b[2] - a[2] * across) / determinant, (a[1] * across - along * b[1]) / determinant

    def to_ground(self, line, sample, height):
        """Ground points (n, 3) of CSM image coordinates, on the ellipsoid grown by ``height``."""
        j = self.j
        position, rotation = self.pose(line)
        x, y = self.focal_point(sample)
        ray = np.einsum("nij,nj->ni", rotation, np.stack([x, y, np.full_like(x, j["m_focalLength"])], axis=1))
        axes = np.array([j["m_majorAxis"], j["m_majorAxis"], j["m_minorAxis"]]) + height
        u, v = ray / axes, position / axes
        a, b, c = np.sum(u * u, 1), np.sum(u * v, 1), np.sum(v * v, 1) - 1
        along = (-b - np.sqrt(b * b - a * c)) / a
        return position + along[:, None] * ray

    def to_image(self, points):
        """CSM line and sample (n,), by stepping with the detector-line offset from the middle line, as usgscsm does."""
        j = self.j
        line = np.full(len(points), 0.5 * j["m_nLines"])
        a, b = j["m_iTransS"], j["m_iTransL"]
        for _ in range(60):
            position, rotation = self.pose(np.clip(line, 0, j["m_nLines"]))
            camera = np.einsum("nij,ni->nj", rotation, points - position)
            x, y = (j["m_focalLength"] * camera[:, k] / camera[:, 2] for k in (0, 1))
            ahead = b[0] + b[1] * x + b[2] * y + j["m_detectorLineOrigin"] - j["m_startingDetectorLine"]
            line = np.clip(line, 0, j["m_nLines"]) + ahead / j["m_detectorLineSumming"]
            if np.abs(ahead).max() < 1e-9:
                break
        sample = a[0] + a[1] * x + a[2] * y + j["m_detectorSampleOrigin"] - j["m_startingDetectorSample"]
        return line, sample / j["m_detectorSampleSumming"]
