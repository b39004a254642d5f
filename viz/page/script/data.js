// --- the data of the page --------------------------------------------------------------------------------------------
"use strict";
const ROWS = /*rows*/[];
const page = JSON.parse(document.getElementById("data").textContent);
const svg = document.querySelector("#picture svg");
